// The shortcut that most scripts use: users who come, stay and go.
import http from "k6/http";
import { sleep as pause } from "k6";

export let options = {
  stages: [
    { duration: "30s", target: 20 },
    { duration: "1m30s", target: 20 },
    { duration: "0s", target: 5 },
    { duration: "20s", target: 0 },
  ],
  thresholds: { http_req_duration: ["p(95)<500"], http_req_failed: ["rate<0.02"] },
};

const URL = "http://127.0.0.1:8000/v1/comments";

export default function () {
  http.request("POST", URL, "{}");
  pause(0.5);
  if (Math.random() < 0.2) {
    http.post(URL, "{}");
  }
  pause(1.5);
}
