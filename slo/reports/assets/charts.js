// The charts of a report: reads the figures from the page, draws them with uPlot, follows theme, width and print.
(() => {
  "use strict";

  const { timeline, distribution, thresholds } = JSON.parse(document.getElementById("run-data").textContent);
  const root = document.documentElement;
  const printed = { whole: 660, half: 310 };
  const mounted = new Map();
  const logarithmic = new Set();

  // --- figures in words -------------------------------------------------------------------------------------------

  const digits = (value) => {
    const size = Math.abs(value);
    if (size >= 100 || Number.isInteger(value)) return Math.round(value).toLocaleString("en");
    return String(Number(value.toPrecision(3)));
  };
  const milliseconds = (value) => {
    if (value == null) return "–";
    if (value >= 999.5) return `${digits(Number((value / 1000).toPrecision(3)))} s`;
    return value < 1 && value > 0 ? `${digits(value * 1000)} µs` : `${digits(value)} ms`;
  };
  const perSecond = (value) => (value == null ? "–" : `${digits(value)}/s`);
  const share = (value) => (value == null ? "–" : `${digits(value * 100)} %`);
  const count = (value) => (value == null ? "–" : digits(value));
  const clock = (value) => {
    const whole = Math.round(value);
    const [hours, minutes, seconds] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
    const two = (part) => String(part).padStart(2, "0");
    return hours ? `${hours}:${two(minutes)}:${two(seconds)}` : `${minutes}:${two(seconds)}`;
  };

  // --- colours, as the page's style has them at this moment ---------------------------------------------------------

  const probe = document.createElement("span");
  probe.hidden = true;
  document.body.append(probe);
  const colour = (name, alpha = 1) => {
    probe.style.color = alpha === 1 ? `var(--${name})` : `color-mix(in srgb, var(--${name}) ${alpha * 100}%, transparent)`;
    return getComputedStyle(probe).color;
  };

  // --- parts that charts are made of --------------------------------------------------------------------------------

  const font = '12px system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif';

  const axis = (label, values, extra = {}) => ({
    label, values, font, labelFont: font, labelSize: 18, labelGap: 0, gap: 4,
    stroke: () => colour("quiet"),
    grid: { stroke: () => colour("grid"), width: 1 },
    ticks: { stroke: () => colour("rule"), width: 1, size: 5 },
    ...extra,
  });

  const ticks = (format) => (_, splits) => splits.map((split) => (split == null ? "" : format(split)));
  const timeAxis = () =>
    axis(`time since the start (${timeline.start_s.at(-1) < 3600 ? "min:s" : "h:min:s"})`, ticks(clock), { size: 28, space: 60, incrs: [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600] });
  const valueAxis = (label, format) => axis(label, ticks(format), { size: 58 });

  const line = (label, name, format, extra = {}) => ({
    label, format, tone: name, stroke: () => colour(name), width: 2, points: { show: false }, ...extra,
  });

  const xOnly = { drag: { x: true, y: false }, points: { size: 7 } };
  const together = { ...xOnly, sync: { key: "run" } };

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

  const scaled = (u, size) => {
    u.ctx.font = font.replace("12px", `${parseFloat(size) * uPlot.pxRatio}px`);
  };

  // Text that stays readable on top of lines.
  const write = (ctx, text, x, y, tone = "ink", ground = "card") => {
    ctx.lineWidth = 4 * uPlot.pxRatio;
    ctx.setLineDash([]);
    ctx.lineJoin = "round";
    ctx.strokeStyle = colour(ground);
    ctx.strokeText(text, x, y);
    ctx.fillStyle = colour(tone);
    ctx.fillText(text, x, y);
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

  // What lies under the pointer, in words, beside it.
  const tooltip = (heading) => {
    let box;
    return {
      hooks: {
        init: (u) => {
          box = document.createElement("div");
          box.className = "tip";
          box.hidden = true;
          u.over.append(box);
          u.over.addEventListener("mouseleave", () => { box.hidden = true; });
        },
        setCursor: (u) => {
          const { idx, left } = u.cursor;
          const pointed = u.over.matches(":hover");
          box.hidden = idx == null || left < 0 || !pointed;
          if (box.hidden) return;
          box.replaceChildren(tag("b", heading(u.data[0][idx], idx)));
          u.series.forEach((series, at) => {
            if (at === 0 || !series.show || series.format === undefined) return;
            const swatch = tag("i", "");
            swatch.style.borderTopColor = colour(series.tone);
            swatch.style.borderTopStyle = series.dash ? "dashed" : "solid";
            const row = tag("span", "");
            row.append(swatch, series.label, tag("em", series.format(u.data[at][idx])));
            box.append(row);
          });
          const width = u.over.clientWidth;
          const right = left > width / 2;
          box.style.top = "8px";
          box.style.left = right ? "auto" : `${left + 14}px`;
          box.style.right = right ? `${width - left + 14}px` : "auto";
        },
      },
    };
  };

  const tag = (name, text) => {
    const element = document.createElement(name);
    element.textContent = text;
    return element;
  };

  const moment = (second) => `${clock(second)}${timeline.step_s > 1 ? ` + ${timeline.step_s} s` : ""}`;
  const overTime = (series, label, format, extra = {}) => ({
    scales: { x: { time: false }, y: { range: fromZero } },
    series: [{}, ...series],
    axes: [timeAxis(), valueAxis(label, format)],
    cursor: together,
    plugins: [tooltip(moment)],
    hooks: { drawClear: [shade], draw: [stageNames] },
    ...extra,
  });

  const fromZero = (_, __, highest) => [0, highest > 0 ? highest * 1.08 : 1];

  // --- the charts ---------------------------------------------------------------------------------------------------

  const latency = () => {
    const { latency: waited, service } = timeline;
    const log = logarithmic.has("latency");
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
    return {
      options: overTime(
        [
          line("answered", "blue", perSecond, { fill: () => colour("blue", 0.12) }),
          line("planned rate", "ink", perSecond, { width: 1.5, dash: [6, 4] }),
          line("due", "green", perSecond, { width: 1 }),
          ...failures.map(([name], at) =>
            line(name, tones[at], perSecond, { fill: at ? undefined : () => colour("vermillion", 0.2), dash: at ? [2 + at, 2] : undefined })),
        ],
        "requests per second", perSecond,
      ),
      data: [timeline.start_s, timeline.answered_per_s, timeline.planned_per_s, timeline.intended_per_s, ...failures.map(([, column]) => column)],
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
    const { cpu_cores, steal_share } = timeline.generator;
    return {
      options: overTime(
        [line("generator", "blue", share, { fill: () => colour("blue", 0.12) }), line("stolen", "vermillion", share, { dash: [4, 3] })],
        "processor time", share,
        { scales: { x: { time: false }, y: { range: (_, __, highest) => [0, Math.max(1, highest) * 1.05] } } },
      ),
      data: [timeline.start_s, cpu_cores, steal_share],
    };
  };

  const charts = { latency, throughput, histogram, percentiles, lateness, processor };

  // --- drawing, and drawing again -----------------------------------------------------------------------------------

  const height = (width) => Math.round(Math.min(300, Math.max(210, width * 0.36)));

  const draw = (id, width) => {
    const place = document.getElementById(id);
    const room = Math.floor(width ?? place.clientWidth);
    if (!room) return;
    mounted.get(id)?.destroy();
    const { options, data } = charts[id]();
    const dashed = (u, at) => (u.series[at].dash ? "dashed" : "solid");
    const legend = { live: false, markers: { dash: dashed }, ...options.legend };
    const chart = new uPlot({ ...options, legend, width: room, height: height(room), padding: [8, 22, 0, 0] }, data, place);
    for (const head of chart.root.querySelectorAll(".u-legend th")) {
      head.tabIndex = 0;
      head.setAttribute("role", "button");
      head.addEventListener("keydown", (event) => { if (event.key === "Enter") head.click(); });
    }
    mounted.set(id, chart);
  };

  const all = () => Object.keys(charts).filter((id) => document.getElementById(id));
  const drawAll = (width) => all().forEach((id) => draw(id, width));

  const follow = new ResizeObserver((entries) => {
    for (const { target, contentRect } of entries) {
      const chart = mounted.get(target.id);
      const width = Math.floor(contentRect.width);
      if (!width) continue;
      if (!chart) draw(target.id);
      else if (chart.width !== width) chart.setSize({ width, height: height(width) });
    }
  });

  // --- theme, switches, print -----------------------------------------------------------------------------------------

  const system = matchMedia("(prefers-color-scheme: dark)");
  const themeButton = document.getElementById("theme");
  const remembered = (value) => {
    try {
      if (value) localStorage.setItem("loadstone-theme", value);
      return localStorage.getItem("loadstone-theme");
    } catch {
      return value ?? null;
    }
  };
  const dark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
  const show = () => {
    themeButton.textContent = dark() ? "Light" : "Dark";
    themeButton.setAttribute("aria-label", `Show the page ${dark() ? "light" : "dark"}`);
    drawAll();
  };

  const theme = remembered();
  if (theme === "dark" || theme === "light") root.dataset.theme = theme;
  themeButton.hidden = false;
  themeButton.addEventListener("click", () => {
    root.dataset.theme = dark() ? "light" : "dark";
    remembered(root.dataset.theme);
    show();
  });
  system.addEventListener("change", show);

  for (const button of document.querySelectorAll(".switch")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      const id = button.dataset.for;
      if (!logarithmic.delete(id)) logarithmic.add(id);
      button.textContent = logarithmic.has(id) ? "Linear" : "Logarithmic";
      draw(id);
    });
  }

  addEventListener("beforeprint", () => {
    for (const details of document.querySelectorAll("details")) details.open = true;
    root.dataset.printing = root.dataset.theme ?? "";
    root.dataset.theme = "light";
    all().forEach((id) => draw(id, document.getElementById(id).closest(".pair") ? printed.half : printed.whole));
  });
  addEventListener("afterprint", () => {
    if (root.dataset.printing) root.dataset.theme = root.dataset.printing;
    else delete root.dataset.theme;
    delete root.dataset.printing;
    drawAll();
  });

  show();
  all().forEach((id) => follow.observe(document.getElementById(id)));
})();
