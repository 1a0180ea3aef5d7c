import { join } from 'node:path';
import { test, type Frame, type Page } from '@playwright/test';
import { startTeacher, type TeacherServer } from '../tests/support/teacher-server.ts';
import { openOpenServer, openPlainHost } from './plain-host.ts';
import { expect, root } from './support.ts';

/** Opens the desk's frame as the studio does, closes it to all but one address, and asks one question there. */
function askInFrame(page: Page, endpoint: string, key: string): Promise<unknown> {
  return page.evaluate(
    async ({ endpoint: url, key: secret }) => {
      const frame = document.createElement('iframe');
      frame.title = 'desk';
      frame.src = 'desk.html';
      const ready = new Promise((resolve) =>
        addEventListener('message', (event) => event.source === frame.contentWindow && resolve(null), {
          once: true,
        }),
      );
      document.body.append(frame);
      await ready;
      const { port1, port2 } = new MessageChannel();
      const reach = [new URL(url).origin];
      frame.contentWindow!.postMessage({ type: 'stillroom-close-frame', reach }, location.origin, [port2]);
      const call = (id: number, name: string, request: unknown): Promise<unknown> =>
        new Promise((resolve) => {
          // Progress is no end.
          port1.onmessage = ({ data }: MessageEvent<{ type: string }>) =>
            data.type !== 'progress' && resolve(data);
          port1.postMessage({ type: 'call', id, name, request });
        });
      await call(1, 'open', { endpoint: url, api: 'chat', key: secret, idleMs: 10_000 });
      return call(2, 'ask', {
        model: 'm',
        prompt: { kind: 'turns', system: null, turns: [{ role: 'user', content: 'Who?' }] },
        temperature: 0,
        maxTokens: 10,
        streams: true,
        schema: null,
        omitted: new Set(),
      });
    },
    { endpoint, key },
  );
}

const tryFetch = (url: string): Promise<string> =>
  fetch(url).then(
    () => 'went through',
    () => 'refused',
  );

/** What the frame's own scripts can reach, also after they tried to widen its policy. */
async function reachedFrom(frame: Frame, url: string): Promise<string[]> {
  const before = await frame.evaluate(tryFetch, url);
  await frame.evaluate(() => {
    for (const meta of document.querySelectorAll('meta[http-equiv]')) meta.remove();
    const wider = document.createElement('meta');
    wider.httpEquiv = 'Content-Security-Policy';
    wider.content = 'connect-src *';
    document.head.append(wider);
  });
  const after = await frame.evaluate(tryFetch, url);
  // A page is no fetch: the studio's policy says where its frames may go.
  await frame.evaluate((to) => location.assign(to), url).catch(() => undefined);
  return [before, after];
}

async function checkFrame(page: Page, teacher: TeacherServer, key: string): Promise<void> {
  const elsewhere = await openOpenServer();
  try {
    expect(await askInFrame(page, `${teacher.url}/v1`, key)).toMatchObject({
      type: 'result',
      result: { kind: 'answered', reply: { text: 'So the answer is a.' } },
    });
    expect(teacher.asked.at(-1)!.headers).toMatchObject({ authorization: `Bearer ${key}` });
    const frame = page.frames().find((one) => one.url().endsWith('/desk.html'))!;
    expect(await reachedFrom(frame, elsewhere.address)).toEqual(['refused', 'refused']);
    expect(await page.evaluate(tryFetch, teacher.url)).toBe('refused');
    expect(elsewhere.asked()).toBe(0);
  } finally {
    await elsewhere.close();
  }
}

const canary = 'sk-canary-0123456789';

// Requests leave the origin here, and refused ones are written to the console: so this is no test of support.ts.
test.describe('the desk’s frame reaches the named address alone', () => {
  let teacher: TeacherServer;
  test.beforeEach(async () => {
    teacher = await startTeacher(() => ({ kind: 'answer', text: 'So the answer is a.' }));
  });
  test.afterEach(() => teacher.close());

  test('served with its headers', async ({ page }) => {
    await page.goto('./');
    await checkFrame(page, teacher, canary);
  });

  test.describe('on a plain static host, under a subpath', () => {
    test.use({ serviceWorkers: 'allow' });
    test('on the first visit, and through the service worker', async ({ page }) => {
      const host = await openPlainHost(join(root, 'dist'));
      try {
        await page.goto(host.address);
        // The first visit has the policies of the pages alone; it is loaded again when the service worker has them all.
        await page.waitForEvent('load', { timeout: 60_000 });
        expect(await page.evaluate(() => self.crossOriginIsolated)).toBe(true);
        await checkFrame(page, teacher, canary);
      } finally {
        await host.close();
      }
    });
    test.describe('without service workers', () => {
      test.use({ serviceWorkers: 'block' });
      test('by what the page itself says', async ({ page }) => {
        const host = await openPlainHost(join(root, 'dist'));
        try {
          await page.goto(host.address);
          await checkFrame(page, teacher, canary);
        } finally {
          await host.close();
        }
      });
    });
  });
});
