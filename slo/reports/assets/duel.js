// The latencies of base and head over each other, a chart for each workload.
(() => {
  "use strict";

  const { overlays } = JSON.parse(document.getElementById("run-data").textContent);
  const { milliseconds, share } = parts.words;
  const { colour, scaled, write, axis, ticks, valueAxis, line, tooltip, fromZero, xOnly } = parts;

  const side = (name, tone, dash) =>
    line(name, tone, share, { dash, fill: () => colour(tone, 0.13), paths: uPlot.paths.stepped({ align: 1 }) });

  // 1, 2 and 5 of every decade that is in sight.
  const decades = (u) => {
    const { min, max } = u.scales.x;
    const first = Math.floor(Math.log10(min));
    const powers = Array.from({ length: Math.ceil(Math.log10(max)) - first + 1 }, (_, at) => 10 ** (first + at));
    return powers.flatMap((power) => [power, 2 * power, 5 * power]).filter((place) => place >= min && place <= max);
  };

  // Quantiles of both sides as upright lines; the label stands beside the later one.
  const quantiles = (marks) => (u) => {
    const { ctx, bbox } = u;
    let free = -Infinity;
    for (const { label, base_ms, head_ms } of marks) {
      ctx.save();
      scaled(u, "11px");
      ctx.lineWidth = 1.5 * uPlot.pxRatio;
      const places = [[base_ms, "blue", []], [head_ms, "vermillion", [5, 3]]].map(([value, tone, dash]) => {
        const x = u.valToPos(value, "x", true);
        ctx.strokeStyle = colour(tone);
        ctx.setLineDash(dash.map((length) => length * uPlot.pxRatio));
        ctx.beginPath();
        ctx.moveTo(x, bbox.top);
        ctx.lineTo(x, bbox.top + bbox.height);
        ctx.stroke();
        return x;
      });
      const x = Math.max(...places) + 4 * uPlot.pxRatio;
      ctx.textAlign = "left";
      ctx.textBaseline = "top";
      if (x > free) write(ctx, label, x, bbox.top + 2 * uPlot.pxRatio);
      free = x + ctx.measureText(label).width + 4 * uPlot.pxRatio;
      ctx.restore();
    }
  };

  const chart = ({ edges_ms, base, head, marks }) => () => {
    const last = edges_ms.length - 1;
    const between = (_, at) => `${milliseconds(edges_ms[at])} to ${milliseconds(edges_ms[Math.min(at + 1, last)])}`;
    return {
      options: {
        scales: { x: { time: false, distr: 3, range: () => [edges_ms[0], edges_ms[last]] }, y: { range: fromZero } },
        series: [{}, side("base", "blue"), side("head", "vermillion", [7, 3])],
        axes: [axis("latency, logarithmic", ticks(milliseconds), { size: 28, splits: decades, filter: (_, places) => places }), valueAxis("share of requests", share)],
        cursor: xOnly,
        plugins: [tooltip(between)],
        hooks: { draw: [quantiles(marks)] },
      },
      data: [edges_ms, base, head],
    };
  };

  parts.start(Object.fromEntries(overlays.map((overlay, at) => [`latency${at}`, chart(overlay)])));
})();
