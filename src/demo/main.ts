/** The program of a demo page (src/export/demo/page.ts): opens the student that is in the page and answers questions. */
import { joined } from '../base/bytes.ts';
import { reportError, InputError } from '../base/errors.ts';
import type { DemoFacts } from '../export/demo/page.ts';
import { createWasmEngine } from '../engine/wasm/wasm-engine.ts';
import { readStudentFolder } from '../student/folder.ts';
import { filesInMemory } from '../student/student-files.ts';
import { oneByOne, partsFor, readWords, type Opened } from './question.ts';

async function open(): Promise<Opened> {
  const encoder = new TextEncoder();
  const files = new Map<string, Uint8Array>();
  for (const element of document.querySelectorAll<HTMLElement>('script[data-file]')) {
    files.set(element.dataset['file']!, encoder.encode(element.textContent));
  }
  const facts = JSON.parse(new TextDecoder().decode(files.get('facts'))) as DemoFacts;
  files.delete('facts');
  files.set('model.safetensors', weightBytes());
  const student = await readStudentFolder(filesInMemory(files), facts.name);
  const engine = await createWasmEngine(student, {
    threads: 1,
    startThread: () => Promise.reject(new InputError('This page computes with one thread.', 'Ask for one.')),
    reason: 'The page brings its own.',
  });
  return { facts, student, engine };
}

/** The weights out of their elements, which go: the text is larger than what it stands for. */
function weightBytes(): Uint8Array {
  const pieces: Uint8Array[] = [];
  for (const element of document.querySelectorAll('script[data-weights]')) {
    pieces.push(Uint8Array.from(atob(element.textContent), (character) => character.charCodeAt(0)));
    element.remove();
  }
  return joined(pieces);
}

function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  properties: Partial<HTMLElementTagNameMap[K]> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

function show(opened: Opened, place: HTMLElement): void {
  const { facts } = opened;
  const question = make('textarea', { id: 'question', required: true });
  const submit = make('button', { type: 'submit' }, 'Ask');
  const answers = make('section', { ariaLive: 'polite' });
  const form = make('form', {}, make('label', { htmlFor: 'question' }, 'Question'), question, submit);
  const answer = oneByOne(async (text) => {
    try {
      const startedAt = performance.now();
      const parts = await partsFor(opened, text);
      const elapsedMs = Math.round(performance.now() - startedAt);
      answers.replaceChildren(
        ...parts.flatMap((part) => [
          make('h2', {}, part.title),
          make('p', { className: part.title.toLowerCase() }, part.text || '(nothing)'),
        ]),
        make('p', { className: 'note' }, `In ${elapsedMs} ms, on this machine.`),
      );
    } catch (error) {
      answers.replaceChildren(make('p', {}, reportError(error).message));
    }
  });
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    void answer(question.value);
  });
  const examples = facts.examples.map((text) => {
    const button = make('button', { type: 'button' }, text);
    button.addEventListener('click', () => {
      question.value = text;
      void answer(text);
    });
    return make('li', {}, button);
  });
  place.replaceChildren(
    form,
    ...(examples.length === 0 ? [] : [make('h2', {}, 'Questions to try'), make('ul', {}, ...examples)]),
    answers,
    make('p', { className: 'note' }, readWords(facts)),
  );
}

const place = document.getElementById('demo')!;
open().then(
  (opened) => show(opened, place),
  (error: unknown) => place.replaceChildren(make('p', { role: 'alert' }, reportError(error).message)),
);
