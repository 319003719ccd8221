// The charts of the report on one run: reads the figures from the page and draws them.
(() => {
  "use strict";

  const { timeline, distribution, thresholds } = JSON.parse(document.getElementById("run-data").textContent);
  const { milliseconds, perSecond, share, count, clock } = parts.words;
  const { colour, scaled, write, axis, ticks, valueAxis, line, tooltip, fromZero, xOnly, together, otherwise } = parts;

  // Stages that are not judged lie on a grey ground; their names are written last, over the lines.
  const unjudged = (u) =>
    timeline.stages
      .filter((stage) => !stage.judged)
      .map((stage) => ({
        name: stage.name,
        from: Math.max(u.valToPos(stage.from_s, "x", true), u.bbox.left),
        to: Math.min(u.valToPos(stage.to_s, "x", true), u.bbox.left + u.bbox.width),
      }))
      .filter(({ from, to }) => to > from);
  const shade = (u) => {
    for (const { from, to } of unjudged(u)) {
      u.ctx.save();
      u.ctx.fillStyle = colour("shade");
      u.ctx.fillRect(from, u.bbox.top, to - from, u.bbox.height);
      u.ctx.restore();
    }
  };
  const stageNames = (u) => {
    const gap = 6 * uPlot.pxRatio;
    for (const { name, from, to } of unjudged(u)) {
      u.ctx.save();
      scaled(u, "11px");
      u.ctx.textAlign = "left";
      u.ctx.textBaseline = "top";
      if (u.ctx.measureText(name).width + 2 * gap < to - from) write(u.ctx, name, from + gap, u.bbox.top + gap, "quiet", "shade");
      u.ctx.restore();
    }
  };

  // Each objective's threshold is a dashed line; where the axis ends below it, a note at the top says so.
  const limits = (u) => {
    const { ctx, bbox } = u;
    let outside = 0;
    for (const { threshold_ms, label } of thresholds) {
      const y = u.valToPos(threshold_ms, "y", true);
      const inside = y >= bbox.top && y <= bbox.top + bbox.height;
      const text = `${label}${inside ? "" : " ↑"}`;
      ctx.save();
      scaled(u, "12px");
      ctx.textAlign = "right";
      ctx.textBaseline = "bottom";
      const place = Math.max(inside ? y : bbox.top, bbox.top + 16 * uPlot.pxRatio);
      const right = bbox.left + bbox.width - 6 * uPlot.pxRatio;
      if (inside) {
        ctx.strokeStyle = colour("ink");
        ctx.lineWidth = 1.5 * uPlot.pxRatio;
        ctx.setLineDash([6 * uPlot.pxRatio, 4 * uPlot.pxRatio]);
        ctx.beginPath();
        ctx.moveTo(bbox.left, y);
        ctx.lineTo(bbox.left + bbox.width, y);
        ctx.stroke();
      }
      const line = inside ? 0 : outside++ * 15 * uPlot.pxRatio;
      write(ctx, text, right, place + line - 3 * uPlot.pxRatio);
      ctx.restore();
    }
  };

  const moment = (second) => `${clock(second)}${timeline.step_s > 1 ? ` + ${timeline.step_s} s` : ""}`;
  const overTime = (series, label, format, extra = {}) => ({
    scales: { x: { time: false }, y: { range: fromZero } },
    series: [{}, ...series],
    axes: [parts.timeAxis(timeline.start_s.at(-1)), valueAxis(label, format)],
    cursor: together,
    plugins: [tooltip(moment)],
    hooks: { drawClear: [shade], draw: [stageNames] },
    ...extra,
  });

  // --- the charts ---------------------------------------------------------------------------------------------------

  const latency = () => {
    const { latency: waited, service } = timeline;
    const log = otherwise.has("latency");
    const highest = Math.max(...[waited.p99_ms, service.p99_ms].flat().map((value) => value ?? 0));
    const nearest = Math.min(...thresholds.map((each) => each.threshold_ms));
    const shown = nearest <= 3 * highest ? Math.max(highest, nearest) : highest;
    const top = (_, lowest, most) => (log ? uPlot.rangeLog(Math.max(lowest, 0.001), Math.max(most, shown), 10, false) : [0, shown * 1.1 || 1]);
    return {
      options: overTime(
        [
          line("p50", "blue", milliseconds),
          line("p95", "orange", milliseconds),
          line("p99", "vermillion", milliseconds),
          line("p99 without the wait to start", "grey", milliseconds, { width: 1, dash: [4, 3] }),
        ],
        "latency", milliseconds,
        {
          scales: { x: { time: false }, y: log ? { distr: 3, range: top } : { range: top } },
          hooks: { drawClear: [shade], draw: [stageNames, limits] },
        },
      ),
      data: [timeline.start_s, waited.p50_ms, waited.p95_ms, waited.p99_ms, service.p99_ms],
    };
  };

  const throughput = () => {
    const tones = ["vermillion", "pink", "orange", "grey"];
    const outcomes = Object.entries(timeline.failed_by_outcome_per_s);
    const failed = outcomes.length > 1 ? [["failed", timeline.failed_per_s]] : [];
    const kinds = outcomes.slice(0, 3).map(([name, column]) => [outcomes.length > 1 ? name : `failed: ${name}`, column]);
    const failures = [...failed, ...kinds];
    const planned = timeline.planned_per_s.some((value) => value != null);
    return {
      options: overTime(
        [
          line("answered", "blue", perSecond, { fill: () => colour("blue", 0.12) }),
          ...(planned ? [line("planned rate", "ink", perSecond, { width: 1.5, dash: [6, 4] })] : []),
          line("due", "green", perSecond, { width: 1 }),
          ...failures.map(([name], at) =>
            line(name, tones[at], perSecond, { fill: at ? undefined : () => colour("vermillion", 0.2), dash: at ? [2 + at, 2] : undefined })),
        ],
        "requests per second", perSecond,
      ),
      data: [timeline.start_s, timeline.answered_per_s, ...(planned ? [timeline.planned_per_s] : []), timeline.intended_per_s, ...failures.map(([, column]) => column)],
    };
  };

  const histogram = () => {
    const { bars } = distribution;
    const middles = bars.map((bar) => Math.sqrt(bar.over_ms * bar.to_ms));
    const between = (_, at) => `${milliseconds(bars[at].over_ms)} to ${milliseconds(bars[at].to_ms)}`;
    const around = () => [bars[0].over_ms, bars[bars.length - 1].to_ms];
    return {
      options: {
        scales: { x: { time: false, distr: 3, range: around }, y: { range: fromZero } },
        series: [{}, line("requests", "blue", count, { width: 0, fill: () => colour("blue", 0.85), paths: uPlot.paths.bars({ size: [0.86, 60] }) })],
        axes: [axis("latency, logarithmic", ticks(milliseconds), { size: 28, space: 44 }), valueAxis("requests", count)],
        cursor: xOnly,
        legend: { show: false },
        plugins: [tooltip(between)],
        hooks: { draw: [uprights] },
      },
      data: [middles, bars.map((bar) => bar.requests)],
    };
  };

  // The percentiles as upright lines in the histogram.
  const uprights = (u) => {
    const { ctx, bbox } = u;
    const marks = [["p50", distribution.p50_ms, "blue"], ["p95", distribution.p95_ms, "orange"], ["p99", distribution.p99_ms, "vermillion"]];
    let free = -Infinity;
    for (const [label, value, tone] of marks) {
      const x = u.valToPos(value, "x", true);
      if (x < bbox.left || x > bbox.left + bbox.width) continue;
      ctx.save();
      scaled(u, "11px");
      ctx.strokeStyle = colour(tone);
      ctx.lineWidth = 2 * uPlot.pxRatio;
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
      ctx.textAlign = "left";
      ctx.textBaseline = "top";
      if (x > free) write(ctx, label, x + 4 * uPlot.pxRatio, bbox.top + 2 * uPlot.pxRatio);
      free = x + ctx.measureText(label).width + 6 * uPlot.pxRatio;
      ctx.restore();
    }
  };

  // The axis stretches towards 100 %: each nine takes as much room as the one before.
  const percentiles = () => {
    const { curve } = distribution;
    const nines = (fraction) => -Math.log10(1 - fraction);
    const name = (place) => `${Number(((1 - 10 ** -place) * 100).toFixed(2))} %`;
    return {
      options: {
        scales: { x: { time: false, range: () => [0, 3.04] }, y: { distr: 3 } },
        series: [
          {},
          line("latency", "blue", milliseconds),
          line("without the wait to start", "grey", milliseconds, { width: 1, dash: [4, 3] }),
        ],
        axes: [
          axis("share of requests", ticks(name), { size: 28, splits: () => [0.5, 0.9, 0.99, 0.999].map(nines) }),
          valueAxis("latency, logarithmic", milliseconds),
        ],
        cursor: xOnly,
        plugins: [tooltip((_, at) => `${Number((curve[at].fraction * 100).toFixed(2))} % took at most`)],
        hooks: { draw: [limits] },
      },
      data: [curve.map((point) => nines(point.fraction)), curve.map((point) => point.latency_ms), curve.map((point) => point.service_ms)],
    };
  };

  const lateness = () => {
    const { lateness_p50_ms, lateness_p99_ms, dropped_per_s } = timeline.generator;
    const drops = dropped_per_s.some((value) => value > 0);
    const series = [line("p50", "blue", milliseconds), line("p99", "vermillion", milliseconds)];
    const data = [timeline.start_s, lateness_p50_ms, lateness_p99_ms];
    const options = overTime(series, "started late by", milliseconds);
    if (drops) {
      options.series.push(line("dropped", "ink", perSecond, { scale: "drops", dash: [3, 3], width: 1.5 }));
      options.scales.drops = { range: fromZero };
      options.axes.push(axis("dropped per second", ticks(perSecond), { scale: "drops", side: 1, size: 56, grid: { show: false } }));
      data.push(dropped_per_s);
    }
    return { options, data };
  };

  const processor = () => {
    const { cpu_cores, waiting_share, steal_share } = timeline.generator;
    const waited = waiting_share.some((value) => value > 0);
    return {
      options: overTime(
        [line("generator", "blue", share, { fill: () => colour("blue", 0.12) }), line("stolen", "vermillion", share, { dash: [4, 3] }), ...(waited ? [line("waited for a core", "orange", share, { dash: [2, 2] })] : [])],
        "processor time", share,
        { scales: { x: { time: false }, y: { range: (_, __, highest) => [0, Math.max(1, highest) * 1.05] } } },
      ),
      data: [timeline.start_s, cpu_cores, steal_share, ...(waited ? [waiting_share] : [])],
    };
  };

  parts.start({ latency, throughput, histogram, percentiles, lateness, processor });
})();
