// A button that keeps the keyboard's focus while there is nothing to press it for: an element that is disabled, or gone,
// drops the focus to the top of the page.
import type { ButtonHTMLAttributes, JSX } from 'preact';

type ActionProps = Omit<ButtonHTMLAttributes<HTMLButtonElement>, 'onClick' | 'disabled' | 'type'> & {
  readonly idle: boolean;
  readonly onPress: (button: HTMLButtonElement) => void;
};

export function Action({ idle, onPress, ...rest }: ActionProps): JSX.Element {
  return (
    <button
      {...rest}
      type="button"
      aria-disabled={idle}
      onClick={(event) => {
        if (!idle) onPress(event.currentTarget);
      }}
    />
  );
}

/** Moves the focus to what stays when the focused element goes. */
export function focusOn(selector: string): void {
  const element = document.querySelector<HTMLElement>(selector);
  if (element && element.tabIndex < 0) element.setAttribute('tabindex', '-1');
  element?.focus({ preventScroll: true });
}
