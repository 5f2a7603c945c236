/** What to say and do where a script that is fetched later cannot be had: the network is gone, or the site has changed. */
export const notFetched = ({ message }: Error): Error =>
  new Error(`A part of this page could not be fetched (${message}); reload the page.`);
