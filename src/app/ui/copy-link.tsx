import { Link } from 'lucide-react';
import { CopyButton } from './copy-button.tsx';

/** Copies the full address of a place in the studio. */
export function CopyLink({ href }: { href: string }) {
  return (
    <CopyButton icon={Link} text={() => new URL(href, location.href).href}>
      Copy link
    </CopyButton>
  );
}
