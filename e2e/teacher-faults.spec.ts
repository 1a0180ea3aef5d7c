/** A whole run in the page through what goes wrong: faults, reloads, a budget. What was asked is counted at the server. */
import { test, type Page } from '@playwright/test';
import {
  startTeacher,
  type Asked,
  type Behaviour,
  type TeacherServer,
} from '../tests/support/teacher-server.ts';
import { expect, openTeacherWith } from './support.ts';

const count = 1000;
const inFlight = 16;
const budgetTokens = 40_000;
const usage = { input: 80, output: 40 };

/** A fifth of the requests, in turns. Waits are short: nothing here is about time. */
const faults: readonly Behaviour[] = [
  {
    kind: 'status',
    status: 429,
    headers: { 'retry-after-ms': '1', 'access-control-expose-headers': 'retry-after-ms' },
  },
  { kind: 'status', status: 500 },
  { kind: 'cut', text: 'it breaks off here' },
  { kind: 'status', status: 429, body: { error: { message: 'Rate limit. Please try again in 0.001s.' } } },
  { kind: 'raw', type: 'application/json', body: '{"choices": 3}' },
  { kind: 'raw', type: 'text/event-stream', body: 'data: {"error":{"message":"overloaded"}}\n\n' },
];

let server: TeacherServer;
test.afterEach(() => server.close());

const rowIn = ({ said }: Asked): number => Number([...said.matchAll(/kettle (\d+)/g)].at(-1)![1]);

/** The rows of answers in the store, in order. */
function storedRows(page: Page): Promise<number[]> {
  return page.evaluate(async () => {
    const database = await new Promise<IDBDatabase>((resolve) => {
      const request = indexedDB.open('stillroom');
      request.onsuccess = () => resolve(request.result);
    });
    const pieces = await new Promise<{ text: string }[]>((resolve) => {
      const request = database.transaction('teacherLog').objectStore('teacherLog').getAll();
      request.onsuccess = () => resolve(request.result as { text: string }[]);
    });
    database.close();
    return pieces
      .flatMap(({ text }) => text.split('\n'))
      .filter((line) => line.startsWith('{"type":"answered"'))
      .map((line) => (JSON.parse(line) as { row: number }).row);
  });
}

test(
  '1,000 rows, a budget at 16 in flight, a fifth at fault, three reloads: each row stored once, nothing asked in vain',
  { tag: '@long' },
  async ({ page }, info) => {
    /** Requests by what became of them, and those that the server has in hand. */
    let [answered, faulted, held, inHand, mostInHand] = [0, 0, 0, 0, 0];
    /** While it is closed, nothing is answered. */
    let gate: Promise<void> | null = null;
    let hasFaults = false;
    let holdAt = Infinity;
    let release = (): void => undefined;
    server = await startTeacher(async (asked) => {
      inHand += 1;
      mostInHand = Math.max(mostInHand, inHand);
      // Long beside what the page itself takes, so that more are sent at once.
      await new Promise((resolve) => setTimeout(resolve, 100));
      inHand -= 1;
      if (answered >= holdAt) gate ??= new Promise((resolve) => (release = resolve));
      if (gate !== null) {
        held += 1;
        await gate;
        return { kind: 'hang' };
      }
      if (hasFaults && asked.before % 5 === 0) {
        faulted += 1;
        // A page cannot read how long it is to wait: it finds its own pace.
        if (faulted === 1) return { kind: 'status', status: 429, headers: { 'retry-after': '3600' } };
        return faults[faulted % faults.length]!;
      }
      answered += 1;
      return { kind: 'answer', text: `Water ${rowIn(asked)}. So the answer is (a).`, usage };
    });

    const file = info.outputPath('kettles.jsonl');
    const rows = Array.from({ length: count }, (_, index) => ({
      input: `What is in kettle ${index}?\nAnswer Choices:\n(a) water\n(b) sand`,
      label: 'water',
    }));
    await openTeacherWith(page, file, rows);
    await page.getByRole('textbox', { name: 'Address' }).fill(`${server.url}/v1`);
    await page.getByRole('textbox', { name: 'Model' }).fill('m');
    await page.getByText('Limits, prices and how it is asked').click();
    await page.getByRole('textbox', { name: 'Asked at once, at most' }).fill(String(inFlight));
    await page.getByRole('textbox', { name: 'Tokens at most' }).fill(String(budgetTokens));
    await page.getByRole('button', { name: 'Ask 1,000 rows' }).click();

    // What the server counted is below the budget, and one more question at its most would pass it.
    await expect(page.getByText('might pass the limit of tokens')).toBeVisible({ timeout: 180_000 });
    // A browser has six connections to a host at most; room in the budget is put aside before one is free.
    expect(mostInHand).toBeLessThanOrEqual(inFlight);
    expect(mostInHand).toBeGreaterThanOrEqual(4);
    const used = answered * (usage.input + usage.output);
    expect(used).toBeLessThanOrEqual(budgetTokens);
    expect(used).toBeGreaterThan(budgetTokens - 2000);
    expect(server.asked).toHaveLength(answered);

    await page.getByText('Limits, prices and how it is asked').click();
    await page.getByRole('textbox', { name: 'Tokens at most' }).fill('');
    hasFaults = true;
    for (const reloadAt of [450, 650, 850]) {
      holdAt = reloadAt;
      await page.getByRole('button', { name: /Continue with \d+ rows/ }).click();
      // Held back are those in flight; what came before is stored.
      await expect.poll(() => gate !== null, { timeout: 60_000 }).toBe(true);
      await expect.poll(async () => (await storedRows(page)).length).toBe(answered);
      await page.reload();
      await expect(page.getByRole('button', { name: /Continue with \d+ rows/ })).toBeVisible();
      holdAt = Infinity;
      release();
      gate = null;
    }
    await page.getByRole('button', { name: /Continue with \d+ rows/ }).click();
    await expect(page.getByTestId('right-so-far')).toContainText('1,000 of 1,000', { timeout: 120_000 });
    const stored = await storedRows(page);
    expect(stored.sort((a, b) => a - b)).toEqual(rows.map((_, index) => index));
    console.log(
      `${server.asked.length} requests: ${count} rows, ${faulted} faults, ${held} in flight at reloads`,
    );
    expect(faulted).toBeGreaterThan(100);
    expect(held).toBeGreaterThanOrEqual(3);
    expect(server.asked).toHaveLength(count + faulted + held);
  },
);
