import { useEffect, useState } from 'react';

/**
 * What the worker answers to a command; null until it has answered, and where there is nothing to ask.
 * @param command Known by its content: records are read again now and then, and are other objects then.
 * @param ask The same function at every drawing.
 */
export function useAsked<Command, Answer>(
  command: Command | null,
  ask: (command: Command) => Promise<Answer | null>,
): Answer | null {
  const [found, setFound] = useState<{ key: string; answer: Answer } | null>(null);
  const key = command === null ? null : JSON.stringify(command);
  useEffect(() => {
    if (key === null) return;
    let wanted = true;
    void ask(JSON.parse(key) as Command).then((answer) => {
      if (wanted && answer !== null) setFound({ key, answer });
    });
    return () => {
      wanted = false;
    };
  }, [key, ask]);
  return key !== null && found?.key === key ? found.answer : null;
}
