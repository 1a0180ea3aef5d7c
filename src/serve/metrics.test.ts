import { expect, it } from 'vitest';
import { Metrics } from './metrics.ts';

const lines = (metrics: Metrics, gauges = { ready: true, queueRows: 3 }) =>
  metrics
    .text(gauges)
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));

it('a server that was asked nothing says so', () => {
  const text = new Metrics().text({ ready: false, queueRows: 0 });
  expect(text).toContain('# TYPE stillroom_predict_seconds histogram\n');
  expect(text).toContain('stillroom_ready 0\n');
  expect(text).toContain('stillroom_predict_seconds_count 0\n');
});

it('requests count by route and status, and answered predictions in buckets of time', () => {
  const metrics = new Metrics();
  for (const elapsedMs of [5, 5.1, 700, 20_000]) metrics.request('predict', 200, elapsedMs);
  metrics.request('predict', 400, 7);
  metrics.request('health', 200, 1);
  metrics.batch(3);
  metrics.batch(2);
  expect(lines(metrics)).toEqual([
    'stillroom_requests_total{route="predict",status="200"} 4',
    'stillroom_requests_total{route="predict",status="400"} 1',
    'stillroom_requests_total{route="health",status="200"} 1',
    ...[
      ['0.005', 1],
      ['0.01', 2],
      ['0.025', 2],
      ['0.05', 2],
      ['0.1', 2],
      ['0.25', 2],
      ['0.5', 2],
      ['1', 3],
      ['2.5', 3],
      ['5', 3],
      ['10', 3],
      ['+Inf', 4],
    ].map(([bound, count]) => `stillroom_predict_seconds_bucket{le="${bound}"} ${count}`),
    `stillroom_predict_seconds_sum ${0.005 + 0.0051 + 0.7 + 20}`,
    'stillroom_predict_seconds_count 4',
    'stillroom_rows_total 5',
    'stillroom_batches_total 2',
    'stillroom_queue_rows 3',
    'stillroom_ready 1',
  ]);
});
