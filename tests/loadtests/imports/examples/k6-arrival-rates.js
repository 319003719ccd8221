// Two open scenarios that overlap, constants, arithmetic, and every kind of threshold.
import http from 'k6/http';
import { check, group, sleep } from 'k6';
import { Trend } from 'k6/metrics';

const HOST = __ENV.HOST || 'http://127.0.0.1:8000';
const MINUTE = 60;
const BASE_RATE = 4 * 5;
const usual = { timeUnit: '1s', preAllocatedVUs: 20, maxVUs: 50 };
const parsing = new Trend('parsing_ms');

export const options = {
  discardResponseBodies: false,
  scenarios: {
    steady: {
      ...usual,
      executor: 'constant-arrival-rate',
      rate: BASE_RATE,
      duration: `${2 * MINUTE}s`,
      exec: 'single',
    },
    'evening rush': {
      executor: 'ramping-arrival-rate',
      startTime: '1m',
      startRate: 60,
      timeUnit: '1m',
      preAllocatedVUs: 10,
      stages: [
        { target: 600, duration: '30s' },
        { target: 600, duration: '45s' },
        { target: 0, duration: '15s' },
      ],
      exec: 'single',
      gracefulStop: '5s',
      env: { TONE: 'angry' },
    },
    guessed: {
      executor: 'constant-arrival-rate',
      rate: __ENV.RATE || 10,
      duration: '1m',
      preAllocatedVUs: 5,
    },
    patient: {
      executor: 'constant-vus',
      vus: 3,
      duration: '1m',
      exec: 'single',
    },
  },
  thresholds: {
    http_req_duration: ['p(95)<200', 'p(99)<=480', 'p(90)<180', 'avg<100', 'max<3000'],
    'http_req_duration{expected_response:true}': ['med<50'],
    'http_req_duration{scenario:steady}': ['p(95)<300'],
    'http_req_duration{url:http://127.0.0.1:8000/v1/comments}': [{ threshold: 'p(99.9)<1000', abortOnFail: true }],
    http_req_failed: ['rate<0.01'],
    checks: ['rate>=0.995'],
    http_reqs: ['rate>15', 'count>1000'],
    dropped_iterations: ['count==0'],
    parsing_ms: ['p(95)<5'],
  },
};

function send(text) {
  return http.post(`${HOST}/v1/comments`, JSON.stringify({ comments: [{ id: '1', text }], quality: 'fast' }), {
    headers: { 'Content-Type': 'application/json' },
  });
}

export function single() {
  group('one comment', () => {
    const answer = send('no me anda internet');
    check(answer, { 'status is 200': (r) => r.status === 200, 'one result': (r) => r.json('results')?.length === 1 });
  });
}

export default function () {
  send('gracias');
  sleep(1);
}
