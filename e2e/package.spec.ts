/** The package, as somebody without a clone has it: installed from its tarball into an empty folder. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, root, test, writeRecipe } from './support.ts';

const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

test('the package opens the studio and trains, from an empty folder and without a network', async ({
  browser,
}, info) => {
  const run = (program: string, args: readonly string[], cwd: string): string => {
    const { INIT_CWD: _, ...env } = process.env;
    const { status, stdout, stderr } = spawnSync(program, args, { cwd, env, encoding: 'utf8' });
    expect(status, `${stdout}${stderr}`).toBe(0);
    return stdout;
  };
  run(process.execPath, ['scripts/package.mjs', '--studio', 'dist'], root);
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  const tarball = join(root, 'build', `stillroom-${version}.tgz`);
  expect(readFileSync(tarball).length).toBeLessThan(15_000_000);

  const empty = info.outputPath('empty');
  mkdirSync(empty, { recursive: true });
  writeFileSync(join(empty, 'package.json'), '{"private": true}\n');
  const quiet = ['--omit=optional', '--offline', '--no-audit', '--no-fund', '--loglevel=error'];
  run(npm, ['install', ...quiet, tarball], empty);
  const stillroom = join(empty, 'node_modules', 'stillroom', 'bin', 'stillroom.mjs');
  expect(run(process.execPath, [stillroom, '--version'], empty)).toBe(`${version}\n`);
  expect(run(process.execPath, [stillroom, 'help'], empty)).toContain('npx stillroom train');

  const recipe = writeRecipe(join(empty, 'run.json'), { steps: 2, batchSize: 2 });
  const train = ['train', '--recipe', recipe, '--test-rows', '2', '--engine', 'wasm', '--out', 'run'];
  run(process.execPath, [stillroom, ...train], empty);
  run(process.execPath, [stillroom, 'export', '--run', 'run', '--demo', 'demo.html'], empty);
  expect(readFileSync(join(empty, 'run', 'model', 'README.md'), 'utf8')).toContain('of 2 |');
  expect(readFileSync(join(empty, 'demo.html'), 'utf8')).toContain('<!doctype html>');

  const port = await freePort();
  const studio = spawn(process.execPath, [stillroom, '--no-open', '--port', String(port)], { cwd: empty });
  try {
    await new Promise<void>((resolve, reject) => {
      studio.stdout.on('data', (text: Buffer) => {
        if (String(text).includes(`http://localhost:${port}/`)) resolve();
      });
      studio.once('exit', () => reject(new Error('The studio ended.')));
    });
    const context = await browser.newContext();
    const page = await context.newPage();
    const response = await page.goto(`http://localhost:${port}/`);
    expect(response!.headers()['content-security-policy']).toContain("default-src 'none'");
    expect(await page.evaluate(() => self.crossOriginIsolated)).toBe(true);
    await expect(page.getByRole('link', { name: 'Train' }).first()).toBeVisible();
    await expect(page.getByText('The sample').first()).toBeVisible();
    // Nothing beside the studio is served.
    expect((await page.request.get(`http://localhost:${port}/..%2fpackage.json`)).status()).toBe(404);
    await context.close();
  } finally {
    studio.kill();
  }
});
