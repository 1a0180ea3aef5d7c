/** Conversations: OpenAI's messages, ShareGPT, typed parts, two-message chains of thought; prompts with their answer. */
import { layoutTitles } from '../layout-titles.ts';
import { readAnswer, type Answer } from '../completions.ts';
import { Cells, findColumn, isObject, noColumns, reading, refuse } from './cells.ts';
import type { DatasetLayout, JsonObject } from './layout.ts';

type Role = 'system' | 'user' | 'assistant' | 'tool';

interface Turn {
  role: Role;
  text: string;
  /** What the assistant thought, where it is apart. */
  thought: string | null;
}

const roles = new Map<string, Role>(
  Object.entries({
    system: 'system',
    developer: 'system',
    human: 'user',
    user: 'user',
    prompter: 'user',
    gpt: 'assistant',
    chatgpt: 'assistant',
    bing: 'assistant',
    bard: 'assistant',
    assistant: 'assistant',
    model: 'assistant',
    tool: 'tool',
    function: 'tool',
    function_call: 'tool',
    function_response: 'tool',
    observation: 'tool',
  }),
);

/** The last question of a two-message chain of thought, which asks for the result alone. */
const asksForResult = /final (?:result|answer)|considering the above|based on the above/i;

function turnOf(value: unknown): Turn {
  if (!isObject(value)) return refuse('a turn of the conversation is no object; write {role, content}');
  const named = value['role'] ?? value['from'];
  const role = typeof named === 'string' ? roles.get(named.toLowerCase()) : undefined;
  if (role === undefined)
    return refuse(`a turn of the conversation has no known role; use user and assistant`);
  if (value['tool_calls'] || value['function_call'])
    return refuse('the conversation calls tools, which a student cannot learn; leave the row out');
  const content = value['content'] ?? value['value'];
  const own = value['reasoning_content'] ?? value['reasoning'];
  const thought = typeof own === 'string' && own.trim() !== '' ? own.trim() : null;
  if (content === null || content === undefined) return { role, text: '', thought };
  if (typeof content === 'string') return { role, text: content, thought };
  if (!Array.isArray(content)) return refuse('the content of a turn is neither text nor a list of parts');
  const texts: string[] = [];
  const thoughts: string[] = thought === null ? [] : [thought];
  for (const part of content as unknown[]) {
    if (!isObject(part)) return refuse('a part of a turn is no object; write {type, text}');
    const type = part['type'];
    const text = part['text'] ?? part['value'] ?? part['thinking'];
    if (type === 'tool_call' || type === 'tool_use')
      return refuse('the conversation calls tools, which a student cannot learn; leave the row out');
    if (typeof text !== 'string')
      return refuse(`a part of a turn is of the kind “${String(type)}”, not text; leave the row out`);
    (type === 'reasoning' || type === 'thinking' ? thoughts : texts).push(text);
  }
  return { role, text: texts.join('\n'), thought: thoughts.length === 0 ? null : thoughts.join('\n').trim() };
}

/** Question and answer of a conversation of one turn each, or of a two-message chain of thought. */
function exchange(turns: readonly Turn[]): { input: string; answer: Answer } {
  if (turns.some(({ role }) => role === 'tool'))
    return refuse('the conversation calls tools, which a student cannot learn; leave the row out');
  const said = turns.filter(({ role }) => role !== 'system');
  const last = said.at(-1);
  if (last?.role !== 'assistant')
    return refuse('the conversation does not end with an answer; leave the row out');
  const answers = said.filter(({ role }) => role === 'assistant');
  const question = said.find(({ role }) => role === 'user');
  if (question === undefined || said[0]!.role !== 'user')
    return refuse('the conversation does not begin with a question; leave the row out');
  const asked = said.at(-2)!;
  if (answers.length === 2 && asked.role === 'user' && asksForResult.test(asked.text)) {
    return {
      input: question.text,
      answer: { rationale: answers[0]!.text.trim(), label: last.text.trim(), repairs: [] },
    };
  }
  if (answers.length > 1 || said.length > 2)
    return refuse(
      `the conversation has ${answers.length} answers; only one question with one answer can be learned`,
    );
  const answer = readAnswer(last.text, null, true);
  return {
    input: question.text,
    answer: last.thought === null ? answer : { ...answer, rationale: last.thought },
  };
}

export const chat: DatasetLayout = {
  kind: 'dataset',
  layout: 'chat',
  title: layoutTitles['chat'],
  required: ['messages'],
  optional: [],
  matches: (record) => turnsOf(record) !== null,
  read(value, context) {
    return reading(() => {
      const cells = new Cells(value, context, 'a conversation');
      const { value: list } = cells.raw('messages', 'conversations', 'conversation');
      if (!Array.isArray(list)) return refuse('it has no list “messages” or “conversations”');
      const { input, answer } = exchange(list.map(turnOf));
      if (input.trim() === '') return refuse('the question is blank; write it, or leave the row out');
      if (answer.repairs.includes('cut off')) context.tell('answer-cut-off');
      const label = answer.label?.trim() ?? null;
      return {
        ...noColumns,
        id: cells.id(),
        input,
        label: label === '' ? null : label,
        rationale: answer.rationale,
      };
    });
  },
};

function turnsOf(record: JsonObject): unknown[] | null {
  const column = findColumn(record, 'messages', 'conversations', 'conversation');
  const list = column === null ? null : record[column];
  return Array.isArray(list) && isObject(list[0]) ? list : null;
}

const answerMark = /###\s*(?:Assistant|Response|Answer)\s*:/i;
const questionMark = /^\s*###\s*(?:Human|User|Instruction|Question)\s*:\s*/i;

/** One column that holds the prompt and its answer, as AutoTrain takes it. */
export const promptAndAnswer: DatasetLayout = {
  kind: 'dataset',
  layout: 'prompt-and-answer',
  title: layoutTitles['prompt-and-answer'],
  required: ['text'],
  optional: [],
  matches: (record) => typeof record['text'] === 'string' && answerMark.test(record['text']),
  read(value, context) {
    return reading(() => {
      const cells = new Cells(value, context, 'a prompt with its answer').need('text');
      const text = cells.filled('write it, or leave the row out', 'text');
      const mark = answerMark.exec(text);
      if (mark === null) return refuse('“text” has no “### Assistant:” before the answer');
      const answer = readAnswer(text.slice(mark.index + mark[0].length), null, true);
      return {
        ...noColumns,
        id: cells.id(),
        input: text.slice(0, mark.index).replace(questionMark, '').trim(),
        label: answer.label,
        rationale: answer.rationale,
      };
    });
  },
};
