import { describe, expect, it } from 'vitest';
import { InputError } from '../base/errors.ts';
import { readSettings } from './settings.ts';

describe('readSettings', () => {
  it('has the contract’s values where nothing is set, and takes empty variables as not set', () => {
    const settings = readSettings({ AIP_HTTP_PORT: '', STILLROOM_TOKEN: ' ' });
    expect(settings).toMatchObject({
      host: '127.0.0.1',
      port: 7080,
      healthRoute: '/health',
      predictRoute: '/predict',
      batchRows: 16,
      batchWaitMs: 4,
      maxBodyBytes: 1 << 20,
      maxInstances: 128,
      threads: 1,
      token: null,
      storageUri: null,
      storageOrigin: 'https://storage.googleapis.com',
    });
  });

  it('follows Vertex AI and Cloud Run, and is reached from outside there', () => {
    const env = { AIP_HTTP_PORT: '8080', PORT: '9', AIP_HEALTH_ROUTE: '/', AIP_PREDICT_ROUTE: '/v1:predict' };
    expect(readSettings(env)).toMatchObject({ host: '0.0.0.0', port: 8080, predictRoute: '/v1:predict' });
    expect(readSettings({ PORT: '9' })).toMatchObject({ host: '0.0.0.0', port: 9 });
    expect(readSettings({ PORT: '9', STILLROOM_HOST: '::1' }).host).toBe('::1');
  });

  it('takes an emulator’s address with and without a scheme', () => {
    for (const host of ['localhost:9023', 'http://localhost:9023', 'http://localhost:9023/']) {
      expect(readSettings({ STORAGE_EMULATOR_HOST: host }).storageOrigin).toBe('http://localhost:9023');
    }
  });

  it.each([
    ['AIP_HTTP_PORT', '65536'],
    ['PORT', 'http'],
    ['AIP_HEALTH_ROUTE', 'health'],
    ['AIP_PREDICT_ROUTE', '/metrics'],
    ['AIP_STORAGE_URI', 's3://bucket/path'],
    ['STORAGE_EMULATOR_HOST', 'http://'],
    ['STILLROOM_BATCH_ROWS', '0'],
    ['STILLROOM_BATCH_WAIT_MS', '1e3'],
    ['STILLROOM_THREADS', '-1'],
  ])('refuses %s=%s', (name, value) => {
    expect(() => readSettings({ [name]: value })).toThrow(InputError);
  });
});

it.each([
  ['STILLROOM_BATCH_ROWS', 'batchRows', 16, 1, 256],
  ['STILLROOM_BATCH_WAIT_MS', 'batchWaitMs', 4, 0, 10_000],
  ['STILLROOM_QUEUE_ROWS', 'queueRows', 1024, 1, 65_536],
  ['STILLROOM_MAX_BODY_BYTES', 'maxBodyBytes', 1_048_576, 1024, 67_108_864],
  ['STILLROOM_MAX_INSTANCES', 'maxInstances', 128, 1, 4096],
  ['STILLROOM_MAX_INPUT_TOKENS', 'maxInputTokens', null, 8, 8192],
  ['STILLROOM_MAX_TOKENS', 'maxNewTokens', 512, 1, 4096],
  ['STILLROOM_THREADS', 'threads', 1, 1, 256],
  ['PORT', 'port', 7080, 0, 65_535],
] as const)('%s is %s: %s, or from %i to %i', (name, key, fallback, least, most) => {
  expect(readSettings({})[key]).toBe(fallback);
  for (const value of [least, most]) expect(readSettings({ [name]: String(value) })[key]).toBe(value);
  for (const value of [least - 1, most + 1])
    expect(() => readSettings({ [name]: String(value) })).toThrow(`from ${least} to ${most}`);
});
