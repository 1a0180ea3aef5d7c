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
