import type { LucideIcon } from 'lucide-react';

/** An icon beside a word: it says nothing of its own to a screen reader. */
export function Icon({ of: Drawing, size = 16 }: { of: LucideIcon; size?: number }) {
  return <Drawing size={size} strokeWidth={1.75} aria-hidden="true" focusable="false" />;
}
