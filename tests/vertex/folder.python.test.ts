/** What the exported server is put on other people's machines with: its Dockerfile and its manifests. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { headless, projectRoot } from '../support/headless.ts';

const python = process.env['STILLROOM_PYTHON_VERTEX'];
const hasDocker = spawnSync('docker', ['info'], { stdio: 'ignore' }).status === 0;
if (python !== undefined && !hasDocker)
  console.log('Skipped: no Docker daemon answers, so the image is not built.');
const server = join(projectRoot, 'src/export/server');

describe.skipIf(python === undefined)('the exported server’s folder', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'stillroom-folder-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const check = (...files: string[]) =>
    spawnSync(python!, [join(projectRoot, 'tests/vertex/check_manifests.py'), ...files], {
      encoding: 'utf8',
    });
  const lint = (file: string) => spawnSync(join(dirname(python!), 'hadolint'), [file], { encoding: 'utf8' });
  /** A file with one thing changed. */
  const changed = (name: string, from: string, to: string): string => {
    const text = readFileSync(join(server, name), 'utf8');
    expect(text).toContain(from);
    const file = join(folder, name.split('/').at(-1)!);
    writeFileSync(file, text.replace(from, to));
    return file;
  };

  it('has manifests that Kubernetes’ own schemas accept, strictly', () => {
    const { status, stdout, stderr } = check(
      join(server, 'deploy/kubernetes.yaml'),
      join(server, 'deploy/cloud-run.yaml'),
    );
    expect(status, stderr).toBe(0);
    expect(stdout.trim().split(/\s+/)).toEqual(['Deployment', 'Service', 'Service']);
    const wrong = check(changed('deploy/kubernetes.yaml', 'readinessProbe', 'readynessProbe'));
    expect(wrong.status).toBe(1);
    expect(wrong.stderr).toContain('readynessProbe');
  });

  it('has a Dockerfile that hadolint finds nothing in', () => {
    const { status, stdout } = lint(join(server, 'Dockerfile'));
    expect(stdout).toBe('');
    expect(status).toBe(0);
    const wrong = lint(changed('Dockerfile', 'python:3.12-slim', 'python'));
    expect(wrong.status).toBe(1);
    expect(wrong.stdout).toContain('DL3006');
  });

  it.skipIf(!hasDocker)(
    'is an image that answers, is healthy by its own check, and ends with 0',
    async () => {
      const out = join(folder, 'out');
      expect(headless(['export', '--student', 'public/students/nano', '--serve', '--out', out]).code).toBe(0);
      const docker = (...args: string[]): string => {
        const { status, stdout, stderr } = spawnSync('docker', args, { encoding: 'utf8' });
        expect(status, stderr).toBe(0);
        return stdout.trim();
      };
      const image = docker('build', '--quiet', out);
      const container = docker(
        'run',
        '--detach',
        '--read-only',
        '--tmpfs',
        '/tmp',
        '--publish',
        '127.0.0.1::7080',
        image,
      );
      try {
        const address = docker('port', container, '7080').split('\n')[0]!;
        const healthy = async () =>
          (await fetch(`http://${address}/health`).catch(() => null))?.status === 200;
        for (let tries = 0; tries < 240 && !(await healthy()); tries += 1) await sleep(250);
        const body = JSON.stringify({ instances: ['where do fish live?'] });
        const answered = await fetch(`http://${address}/predict`, { method: 'POST', body });
        expect((await answered.json()) as object).toEqual({ predictions: [[expect.any(String)]] });
        docker('exec', container, 'python', '-m', 'serve.health');
        expect(docker('exec', container, 'id', '-u')).toBe('10001');
        docker('stop', container);
        expect(docker('inspect', '--format', '{{.State.ExitCode}}', container)).toBe('0');
      } finally {
        docker('rm', '--force', container);
      }
    },
    900_000,
  );
});
