import { useStudio } from '../state/studio-store.ts';
import { Button, type ButtonProps } from '../ui/button.tsx';
import { isOffered, obstacleOf, perform, type Action } from './action.ts';

/** An action's button: its name, its key, and why it cannot be done now. Nothing where it is not offered. */
export function ActionButton({ action, kind }: { action: Action } & Pick<ButtonProps, 'kind'>) {
  const offered = useStudio((state) => isOffered(action, state));
  const label = useStudio(action.label);
  const icon = useStudio((state) => action.icon?.(state));
  const reason = useStudio((state) => obstacleOf(action, state));
  if (!offered) return null;
  return (
    <Button
      {...(kind === undefined ? {} : { kind })}
      {...(action.obstacle === undefined ? {} : { reason })}
      icon={icon}
      shortcut={action.key}
      onClick={() => perform(action)}
    >
      {label}
    </Button>
  );
}
