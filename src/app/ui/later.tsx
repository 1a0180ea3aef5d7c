import { lazy, Suspense, type ComponentType } from 'react';

/** After the first paint has had its time: what is opened later must open also where the server is gone by then. */
const fetchedAfterMs = 3000;

/** A component that the page's start does without: fetched soon after it, or when it is first asked for. */
export function later<Props extends object>(load: () => Promise<ComponentType<Props>>): ComponentType<Props> {
  setTimeout(() => void load().catch(() => undefined), fetchedAfterMs);
  return loaded(load);
}

/** One that is shown at once, beside what the start needs: it waits for its turn there, too. */
export function afterStart<Props extends object>(
  load: () => Promise<ComponentType<Props>>,
): ComponentType<Props> {
  const turn = new Promise<void>((resolve) => setTimeout(resolve, fetchedAfterMs));
  void turn.then(load).catch(() => undefined);
  return loaded(() => turn.then(load));
}

function loaded<Props extends object>(load: () => Promise<ComponentType<Props>>): ComponentType<Props> {
  const Loaded = lazy(async () => ({ default: await load() })) as unknown as ComponentType<Props>;
  return function Later(props: Props) {
    return (
      <Suspense fallback={null}>
        <Loaded {...props} />
      </Suspense>
    );
  };
}
