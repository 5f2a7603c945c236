/** What to say and do where a script that is fetched later cannot be had: the network is gone, or the site has changed. */
export const notFetched = ({ message }: Error): Error =>
  new Error(`A part of this page could not be fetched (${message}); reload the page.`);

/** What a script that is fetched later brings. Rejects with an Error that says what to do where it cannot be had. */
export const orNotFetched = <T>(script: Promise<T>): Promise<T> =>
  script.catch((error: Error) => {
    throw notFetched(error);
  });
