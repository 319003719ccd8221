// Executors that count turns, one that is led from outside, and pauses that nobody knows beforehand.
import http from 'k6/http';
import { sleep } from 'k6';

module.exports.options = {
  scenarios: {
    shared: { executor: 'shared-iterations', vus: 10, iterations: 200, maxDuration: '90s' },
    each: { executor: 'per-vu-iterations', vus: 5, iterations: 20, startTime: '90s', maxDuration: '30s' },
    led: { executor: 'externally-controlled', vus: 4, maxVUs: 20, duration: '1m', startTime: '2m' },
    wave: {
      executor: 'ramping-vus',
      startVUs: 0,
      startTime: '3m',
      stages: [{ duration: '20s', target: 8 }, { duration: '10s', target: 0 }],
      gracefulRampDown: '0s',
    },
    browser: { executor: 'magic', vus: 1 },
  },
};

export default () => {
  http.post('http://127.0.0.1:8000/v1/comments', '{}');
  http.batch([['GET', 'http://127.0.0.1:8000/health/live']]);
  sleep(Math.random() * 3);
};
