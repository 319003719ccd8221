// The charts of a comparison: every run is a line of its own colour and dash, the same ones in every chart.
(() => {
  "use strict";

  const { step_s, start_s, fractions, courses } = JSON.parse(document.getElementById("run-data").textContent);
  const { milliseconds, perSecond, clock } = parts.words;
  const { axis, ticks, valueAxis, line, tooltip, fromZero, xOnly, together, otherwise } = parts;

  const looks = {
    A: { tone: "blue", dash: undefined },
    B: { tone: "vermillion", dash: [9, 4] },
    C: { tone: "green", dash: [2.5, 3] },
    D: { tone: "ink", dash: [11, 3, 2, 3] },
    E: { tone: "pink", dash: [14, 3, 2, 3, 2, 3] },
  };
  const hidden = new Set();
  let quantile = "p95_ms";

  const lines = (format) => courses.map(({ letter }) => {
    const { tone, dash } = looks[letter];
    return line(letter, tone, format, { dash, show: !hidden.has(letter) });
  });
  const columns = (column) => courses.map(column);
  const highest = (rows) => Math.max(0, ...rows.filter((_, at) => !hidden.has(courses[at].letter)).flat().map((value) => value ?? 0));

  const moment = (second) => `${clock(second)}${step_s > 1 ? ` + ${step_s} s` : ""}`;
  const overTime = (label, format, rows) => ({
    options: {
      scales: { x: { time: false }, y: { range: () => fromZero(null, 0, highest(rows)) } },
      series: [{}, ...lines(format)],
      axes: [parts.timeAxis(start_s.at(-1)), valueAxis(label, format)],
      cursor: together,
      legend: { show: false },
      plugins: [tooltip(moment)],
    },
    data: [start_s, ...rows],
  });

  const latency = () => overTime(`latency, ${quantile.slice(0, 3)}`, milliseconds, columns((course) => course.latency[quantile]));
  const answered = () => overTime("right answers per second", perSecond, columns((course) => course.answered_per_s));
  const failed = () => overTime("failures per second", perSecond, columns((course) => course.failed_per_s));

  // The axis stretches towards 100 %: each nine takes as much room as the one before.
  const percentiles = () => {
    const rows = columns((course) => course.curve_ms);
    const linear = otherwise.has("percentiles");
    const nines = (fraction) => -Math.log10(1 - fraction);
    const name = (place) => `${Number(((1 - 10 ** -place) * 100).toFixed(2))} %`;
    return {
      options: {
        scales: { x: { time: false, range: () => [0, 3.04] }, y: linear ? { range: () => fromZero(null, 0, highest(rows)) } : { distr: 3 } },
        series: [{}, ...lines(milliseconds)],
        axes: [
          axis("share of requests", ticks(name), { size: 28, splits: () => [0.5, 0.9, 0.99, 0.999].map(nines) }),
          valueAxis(linear ? "latency" : "latency, logarithmic", milliseconds),
        ],
        cursor: xOnly,
        legend: { show: false },
        plugins: [tooltip((_, at) => `${Number((fractions[at] * 100).toFixed(2))} % took at most`)],
      },
      data: [fractions.map(nines), ...rows],
    };
  };

  const page = parts.start({ percentiles, latency, answered, failed });

  const pressed = (button, yes) => button.setAttribute("aria-pressed", String(yes));
  for (const button of document.querySelectorAll(".run")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      const { letter } = button.dataset;
      if (!hidden.delete(letter)) hidden.add(letter);
      pressed(button, !hidden.has(letter));
      page.redraw();
    });
  }
  const quantiles = document.querySelectorAll(".quantiles button");
  for (const button of quantiles) {
    button.hidden = false;
    button.addEventListener("click", () => {
      quantile = button.dataset.quantile;
      for (const each of quantiles) pressed(each, each === button);
      page.redraw();
    });
  }
})();
