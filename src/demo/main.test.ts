/** The page that `headless export --demo` writes, from its elements to an answer; `e2e/demo.spec.ts` has it in a browser. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { notebookRecipe } from '../distill/recipe.ts';
import { demoPage } from '../export/demo/page.ts';
import { readStudentFolder } from '../student/folder.ts';
import { filesInMemory } from '../student/student-files.ts';
import { tinyFolder } from '../student/testing/tiny-student.ts';

/** As much of an element as the program uses. */
class FakeElement {
  readonly tag: string;
  readonly dataset: Record<string, string>;
  textContent: string;
  value = '';
  isThere = true;
  children: (FakeElement | string)[] = [];
  readonly #listeners = new Map<string, (event: object) => void>();

  constructor(tag: string, textContent = '', dataset: Record<string, string> = {}) {
    this.tag = tag;
    this.textContent = textContent;
    this.dataset = dataset;
  }

  append(...children: (FakeElement | string)[]): void {
    this.children.push(...children);
  }

  replaceChildren(...children: (FakeElement | string)[]): void {
    this.children = children;
  }

  remove(): void {
    this.isThere = false;
  }

  addEventListener(type: string, listener: (event: object) => void): void {
    this.#listeners.set(type, listener);
  }

  fire(type: string): boolean {
    let isPrevented = false;
    this.#listeners.get(type)!({ preventDefault: () => (isPrevented = true) });
    return isPrevented;
  }

  get text(): string {
    return (
      this.textContent + this.children.map((one) => (typeof one === 'string' ? one : one.text)).join('|')
    );
  }

  all(tag: string): FakeElement[] {
    const below = this.children.filter((one) => one instanceof FakeElement);
    return below.flatMap((one) => [...(one.tag === tag ? [one] : []), ...one.all(tag)]);
  }
}

/** Looked for again and again; a busy machine takes its time. */
const patiently = { interval: 5, timeout: 20_000 };

let place: FakeElement;
let weights: FakeElement[];

/** Opens the page of a student. @param spoil Does something to its files first. */
async function openPage(
  examples: readonly string[],
  withRecipe = true,
  spoil = (_: FakeElement[]): void => undefined,
) {
  const student = await readStudentFolder(filesInMemory(tinyFolder()), 'tiny');
  const { bytes } = await demoPage('demo.html', student, student.weights, {
    name: 'tiny',
    recipe: withRecipe ? notebookRecipe : null,
    examples,
    program: '',
  });
  const page = new TextDecoder().decode(bytes);
  const scripts = [...page.matchAll(/<script [^>]*data-(\w+)(?:="([^"]*)")?>([^<]*)<\/script>/g)];
  const of = (kind: string) => scripts.filter(([, found]) => found === kind);
  const files = of('file').map(([, , file, text]) => new FakeElement('script', text, { file: file! }));
  weights = of('weights').map(([, , , text]) => new FakeElement('script', text));
  spoil(files);
  vi.stubGlobal('document', {
    querySelectorAll: (selector: string) => (selector.includes('data-file') ? files : weights),
    createElement: (tag: string) => new FakeElement(tag),
    getElementById: () => place,
  });
  await import('./main.ts');
  await vi.waitFor(() => expect(place.children).not.toHaveLength(0), patiently);
}

beforeEach(() => {
  place = new FakeElement('div');
  vi.resetModules();
});
afterEach(() => vi.unstubAllGlobals());

it('opens the student in it and answers, once by a question that is typed and once by an example', async () => {
  await openPage(['a b', 'c']);
  expect(weights.length).toBeGreaterThan(0);
  expect(weights.some(({ isThere }) => isThere)).toBe(false);
  const [form] = place.all('form') as [FakeElement];
  const [question] = place.all('textarea') as [FakeElement];
  const [answers] = place.all('section') as [FakeElement];
  expect(question).toMatchObject({ required: true, id: 'question' });
  question.value = 'b a';
  const askedAt = performance.now();
  expect(form.fire('submit')).toBe(true);
  const titles = () => answers.all('h2').map(({ text }) => text);
  await vi.waitFor(() => expect(titles()).toEqual(['Answer', 'Rationale']), patiently);
  const [answer, rationale, note] = answers
    .all('p')
    .map((one) => [one.text, 'className' in one ? one.className : null]);
  expect([answer![1], rationale![1], note![1]]).toEqual(['answer', 'rationale', 'note']);
  const [, elapsedMs] = /^In (\d+) ms, on this machine\.$/.exec(answers.all('p').at(-1)!.text)!;
  expect(Number(elapsedMs)).toBeLessThanOrEqual(Math.ceil(performance.now() - askedAt));
  const buttons = place.all('button').map((one) => one.text);
  expect(buttons).toEqual(['Ask', 'a b', 'c']);
  answers.replaceChildren();
  place.all('button')[2]!.fire('click');
  expect(question.value).toBe('c');
  await vi.waitFor(() => expect(titles()).toEqual(['Answer', 'Rationale']), patiently);
});

it('has no list without examples, and no rationale of a student that nothing is known of', async () => {
  await openPage([], false);
  expect(place.all('ul')).toHaveLength(0);
  const [answers] = place.all('section') as [FakeElement];
  place.all('textarea')[0]!.value = 'a';
  place.all('form')[0]!.fire('submit');
  await vi.waitFor(() => expect(answers.all('h2').map(({ text }) => text)).toEqual(['Answer']), {
    interval: 5,
  });
});

it('says what is wrong where the student in it is damaged', async () => {
  await openPage([], true, (files) => {
    files.find(({ dataset }) => dataset['file'] === 'config.json')!.textContent = '{';
  });
  expect(place.text).toContain('not valid JSON');
  expect(place.children[0]).toMatchObject({ role: 'alert' });
});
