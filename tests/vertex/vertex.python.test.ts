/** deploy/vertex.py of the exported folder against an imitation of Google's services. */
import { spawn, spawnSync, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { createInterface, type Interface } from 'node:readline';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { headless, projectRoot } from '../support/headless.ts';
import { startFakeGoogle, type FakeGoogle, type Recorded } from './fake-google.ts';

const python = process.env['STILLROOM_PYTHON_VERTEX'];
const folder = join(tmpdir(), `stillroom-vertex-${process.pid}`);
const out = join(folder, 'out');
const state = join(folder, 'vertex.json');
interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

const image = 'us-central1-docker.pkg.dev/p/distill-step-by-step/distilled-flan-t5:latest';

describe.skipIf(python === undefined)('deploy/vertex.py', () => {
  let google: FakeGoogle;
  let child: ChildProcessWithoutNullStreams;
  let answers: Interface;
  beforeAll(async () => {
    const ended = headless(['export', '--student', 'public/students/nano', '--serve', '--out', out]);
    expect(ended.code, ended.stderr).toBe(0);
    google = await startFakeGoogle();
    child = spawn(python!, [join(projectRoot, 'tests/vertex/runs.py'), join(out, 'deploy/vertex.py')]);
    child.stderr.pipe(process.stderr);
    answers = createInterface(child.stdout);
  });
  beforeEach(() => {
    google.reset();
    rmSync(state, { force: true });
  });
  afterAll(async () => {
    child.kill();
    await google.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const place = ['--project', 'p', '--region', 'us-central1', '--state', state];
  const run = async (...args: readonly string[]): Promise<Ended> => {
    const line = once(answers, 'line');
    child.stdin.write(`${JSON.stringify(args)}\n`);
    return JSON.parse(((await line) as [string])[0]) as Ended;
  };
  const vertex = (command: string, ...more: string[]) =>
    run(command, ...place, '--origin', google.origin, '--poll-s', '0', ...more);
  const up = (...more: string[]) => vertex('up', '--bucket', 'b', '--repository', 'r', ...more);
  const sent = (path: RegExp): Recorded[] =>
    google.requests.filter((one) => one.method !== 'GET' && path.test(one.path));

  it('sends what the notebook’s calls send: image, port, routes, artefacts, machine, accelerator, traffic', async () => {
    const theirs = await run(join(projectRoot, 'tests/vertex/as_the_notebook.py'), google.origin);
    expect(theirs.code, theirs.stderr).toBe(0);
    const wanted = sent(/models:upload|endpoints/).map(({ path, body }) => ({ path, body }));
    expect(wanted.map(({ path }) => path.split('/').at(-1))).toEqual([
      'models:upload',
      'endpoints',
      '9:deployModel',
    ]);
    google.reset();
    const ours = await up(
      '--repository',
      'distill-step-by-step',
      '--image-name',
      'distilled-flan-t5',
      '--name',
      'distilled-flan-t5',
      '--prefix',
      'distilled-t5',
      '--description',
      'Distilled Flan T5 model using Step-By-Step Distillation',
      '--machine',
      'n1-standard-4',
      '--accelerator',
      'NVIDIA_TESLA_T4',
      '--traffic-split',
      '0=100',
    );
    expect(ours.code, ours.stderr).toBe(0);
    expect(sent(/models:upload|endpoints/).map(({ path, body }) => ({ path, body }))).toEqual(wanted);
    expect(wanted[0]!.body).toMatchObject({
      model: {
        artifactUri: 'gs://b/distilled-t5',
        containerSpec: {
          imageUri: image,
          predictRoute: '/predict',
          healthRoute: '/health',
          ports: [{ containerPort: 7080 }],
        },
      },
    });
    // 5 is NVIDIA_TESLA_T4 in Vertex AI's list of accelerators.
    expect(wanted[2]!.body).toMatchObject({
      deployedModel: {
        dedicatedResources: {
          machineSpec: {
            machineType: 'n1-standard-4',
            acceleratorType: 5,
            acceleratorCount: 1,
          },
          minReplicaCount: 1,
          maxReplicaCount: 1,
        },
      },
      trafficSplit: { 0: 100 },
    });
  });

  it('uploads, builds, deploys, asks, and takes all of it down again; a dry run says the same calls', async () => {
    const made = [
      '--create-bucket',
      '--create-repository',
      '--text',
      'where?',
      '--env',
      'STILLROOM_THREADS=2',
    ];
    const dry = await up(...made, '--dry-run');
    expect(dry.code, dry.stderr).toBe(0);
    expect(google.requests).toEqual([]);
    expect(existsSync(state)).toBe(false);

    const real = await up(...made);
    expect(real.code, real.stderr).toBe(0);
    expect(real.stdout).toContain('[["sea"]]');
    // Addresses of resources are known once they are made; all else is told word for word before.
    const calls = (text: string): string[] =>
      text
        .split('\n')
        .filter((line) => /^[\w.]+\(|^bucket|^(?:POST|DELETE) /.test(line))
        .map((line) => line.replace(/<[^>]*>|'projects[^']*'|b'.*(?=, content_type)/g, '…'));
    expect(calls(real.stdout)).toEqual(calls(dry.stdout));
    expect(calls(dry.stdout).length).toBeGreaterThan(12);

    // The artefacts are the served folder's, to the byte, without the file that the server does not read.
    for (const name of ['config.json', 'tokenizer.json', 'onnx/encoder_model.onnx']) {
      const object = google.objects.get(`distilled-student/${name}`);
      expect(object?.equals(readFileSync(join(out, 'model', name))), name).toBe(true);
    }
    expect([...google.objects.keys()].join()).not.toContain('safetensors');
    const source = gunzipSync(google.objects.get('distilled-student-source.tgz')!).toString('latin1');
    for (const name of ['Dockerfile', 'requirements.txt', 'serve/__main__.py', 'model']) {
      expect(source).toContain(name);
    }
    const tag = 'us-central1-docker.pkg.dev/p/r/stillroom-server:latest';
    expect(sent(/builds/)[0]!.body).toMatchObject({
      source: { storageSource: { bucket: 'b', object: 'distilled-student-source.tgz' } },
      steps: [{ args: ['build', '-t', tag, '.'] }],
      images: [tag],
    });
    expect(sent(/models:upload/)[0]!.body).toMatchObject({
      model: { containerSpec: { imageUri: tag, env: [{ name: 'STILLROOM_THREADS', value: '2' }] } },
    });
    expect(sent(/:predict/)[0]!.body).toMatchObject({ instances: ['where?'] });
    expect(google.there.size).toBeGreaterThan(8);

    const asked = await vertex('predict', '--text', 'a', '--parameters', '{"rationale": true}');
    expect(asked.code, asked.stderr).toBe(0);
    expect(sent(/:predict/)[1]!.body).toMatchObject({ instances: ['a'], parameters: { rationale: true } });

    const again = await up();
    expect(again.code).toBe(1);
    expect(again.stderr).toContain('Run `down` first');

    const gone = await vertex('down');
    expect(gone.code, gone.stderr).toBe(0);
    expect([...google.there]).toEqual([]);
    expect(existsSync(state)).toBe(false);
  });

  it.each([
    ['an upload that is refused', { refuse: /upload\/storage/ }, [], 'You may not'],
    [
      'a build that fails',
      { breakDown: /builds/ },
      ['object distilled-student-source.tgz'],
      'https://logs.example/7',
    ],
    ['a model that is refused', { refuse: /models:upload/ }, ['image projects/p'], 'You may not'],
    [
      'a model that fails',
      { breakDown: /models:upload/ },
      [],
      'models list --project p --region us-central1',
    ],
    ['an endpoint that is refused', { refuse: /\/endpoints$/ }, ['model projects/p'], 'You may not'],
    [
      'a deployment that fails',
      { breakDown: /deployModel/ },
      ['model projects/p', 'endpoint projects/p', 'deployment 5 on projects/p'],
      'no machine left',
    ],
  ])('says of %s what is left, and takes that down', async (what, fault, left, why) => {
    Object.assign(google, fault);
    const { code, stderr } = await up('--create-bucket');
    expect(code).toBe(1);
    expect(stderr).toContain(why);
    for (const thing of ['bucket b', ...left]) expect(stderr).toContain(`\n  ${thing}`);
    expect(stderr).toContain(
      `python deploy/vertex.py down --project p --region us-central1 --state ${state}`,
    );
    expect(existsSync(state)).toBe(true);
    Object.assign(google, { refuse: null, breakDown: null });
    const gone = await vertex('down');
    expect(gone.code, gone.stderr).toBe(0);
    // A model that may be there is for the person to look at: nobody else's of the same name is deleted.
    expect([...google.there]).toEqual(
      what === 'a model that fails' ? ['projects/p/locations/us-central1/models/7'] : [],
    );
  });

  it('goes on where something cannot be deleted, and keeps what is left for another try', async () => {
    expect((await up('--create-bucket', '--image', image)).code).toBe(0);
    google.refuse = /undeployModel/;
    const first = await vertex('down');
    expect(first.code).toBe(1);
    expect(first.stderr).toContain('deployment 5 on projects/p');
    expect(google.there.has('b')).toBe(false);
    google.refuse = null;
    expect((await vertex('down')).code).toBe(0);
    expect([...google.there]).toEqual([]);
  });

  it('ends with its code as a program', () => {
    const none = spawnSync(python!, [join(out, 'deploy/vertex.py'), 'down', ...place, '--dry-run'], {
      encoding: 'utf8',
      env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' },
    });
    expect(none.stderr).toContain('nothing to take down');
    expect(none.status).toBe(1);
  });

  it('refuses what cannot work before it asks anybody', async () => {
    writeFileSync(state, JSON.stringify({ project: 'other', region: 'us-central1', made: [] }));
    const other = await vertex('down');
    expect(other.code).toBe(1);
    expect(other.stderr).toContain('is of project other');
    rmSync(state);
    for (const [args, words] of [
      [['--traffic-split', '0=60,5=60'], 'do not add up to 100'],
      [['--env', 'THREADS'], 'NAME=VALUE'],
    ] as const) {
      const { code, stderr } = await up(...args);
      expect(code).toBe(2);
      expect(stderr).toContain(words);
    }
    expect(google.requests).toEqual([]);
  });
});
