// What the charts of every report are made of: figures in words, colours of the page, axes, what lies under the pointer;
// and how they follow the page: its theme, its width, its print.
const parts = (() => {
  "use strict";

  const root = document.documentElement;
  const printed = { whole: 660, half: 310 };
  const mounted = new Map();
  const otherwise = new Set();

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
  const timeAxis = (longest) =>
    axis(`time since the start (${longest < 3600 ? "min:s" : "h:min:s"})`, ticks(clock), { size: 28, space: 60, incrs: [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600] });
  const valueAxis = (label, format) => axis(label, ticks(format), { size: 58 });

  const line = (label, name, format, extra = {}) => ({
    label, format, tone: name, stroke: () => colour(name), width: 2, points: { show: false }, ...extra,
  });

  const xOnly = { drag: { x: true, y: false }, points: { size: 7 } };
  const together = { ...xOnly, sync: { key: "time" } };

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
            const row = tag("span", "");
            row.append(swatch(series), series.label, tag("em", series.format(u.data[at][idx])));
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

  // A short piece of the line, as it is drawn.
  const swatch = ({ tone, dash, width }) => {
    const space = "http://www.w3.org/2000/svg";
    const [drawing, stroke] = ["svg", "path"].map((name) => document.createElementNS(space, name));
    drawing.setAttribute("viewBox", "0 0 28 6");
    drawing.setAttribute("class", "swatch");
    drawing.setAttribute("aria-hidden", "true");
    stroke.setAttribute("d", "M0 3H28");
    stroke.setAttribute("style", `stroke: var(--${tone}); stroke-width: ${Math.max(width ?? 2, 1.5)}; stroke-dasharray: ${dash ? dash.join(" ") : "none"}`);
    drawing.append(stroke);
    return drawing;
  };

  const fromZero = (_, __, highest) => [0, highest > 0 ? highest * 1.08 : 1];

  // --- drawing, and drawing again -----------------------------------------------------------------------------------

  // ``charts`` gives each chart by the id of its place: a function to what uPlot wants, options and data.
  const start = (charts) => {
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
      const words = [button.textContent, button.dataset.other];
      button.hidden = false;
      button.addEventListener("click", () => {
        const id = button.dataset.for;
        if (!otherwise.delete(id)) otherwise.add(id);
        button.textContent = words[Number(otherwise.has(id))];
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
    return { redraw: () => drawAll() };
  };

  return {
    words: { milliseconds, perSecond, share, count, clock },
    colour, scaled, write, axis, ticks, timeAxis, valueAxis, line, tooltip, swatch, fromZero, xOnly, together, otherwise, start,
  };
})();
