import { Copy, type LucideIcon } from 'lucide-react';
import { useState, type ReactNode } from 'react';
import { Button } from './button.tsx';

interface Props {
  children: ReactNode;
  /** What is copied, made when it is asked for. */
  text: () => string;
  icon?: LucideIcon;
  reason?: string | null | undefined;
}

/** Copies a text and says so where it is. */
export function CopyButton({ children, text, icon = Copy, reason }: Props) {
  const [said, setSaid] = useState('');
  const copy = (): void => {
    navigator.clipboard.writeText(text()).then(
      () => setSaid('Copied.'),
      () => setSaid('The browser did not allow copying.'),
    );
  };
  return (
    <>
      <Button small kind="quiet" icon={icon} reason={reason} onClick={copy}>
        {children}
      </Button>{' '}
      <span role="status">{said}</span>
    </>
  );
}
