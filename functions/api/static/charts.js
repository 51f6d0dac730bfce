// Draws candles into every `<figure data-chart>` of a page, with what was done at which price.
//
//   <figure class="chart" data-chart data-exchange="NSE" data-symbol="RELIANCE" data-day="2026-08-18"
//           data-interval="minute" data-start="10:00" data-end="11:30" data-marks="trade" data-follow>
//     <figcaption>…what it shows, in words; the script adds a sentence of the prices…</figcaption>
//   </figure>
//
// `data-day` is a market day; `data-interval` minute, 5minute or 15minute (minute without); `data-start` and
// `data-end` (HH:MM, IST) a part of the day, all of it without; `data-follow` asks for new bars while the
// page is looked at. `data-marks` is the id of the element that says what else is drawn, mostly a table that
// who does not see the picture reads, and that may be a live part:
//
//   <… data-level="stop" data-price="988.10">       a line across: stop, target, entry or another word
//   <… data-mark="entry" data-at="2026-08-18T10:21:30+05:30" data-price="1002.20" [data-label="Bought 20"]>
//                                                   an arrow at a bar: entry, exit or signal
//
// A page has the figure from `console/chart_parts.html` and loads this file in its block `modules`. The chart
// library comes only where there is such a figure.

import { whenShown } from "./live.js";

const FOLLOW_MS = 15000;
const IST_SECONDS = 19800;
const LENGTH = { minute: 60, "5minute": 300, "15minute": 900 };

const price = new Intl.NumberFormat("en-IN", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
// The library knows no zones: what it takes for UTC is the clock on the wall in India.
const onTheWall = (moment) => Math.floor(Date.parse(moment) / 1000) + IST_SECONDS;
const days = new Intl.DateTimeFormat("en-US", { day: "2-digit", month: "short", year: "numeric", timeZone: "UTC" });
// As the pages write it: 18 Aug 2026.
const dated = (day) => {
  const part = Object.fromEntries(days.formatToParts(Date.parse(day)).map(({ type, value }) => [type, value]));
  return `${part.day} ${part.month} ${part.year}`;
};
const clock = (wall) => new Date(wall * 1000).toISOString().slice(11, 16);

class Picture {
  constructor(figure, library) {
    this.figure = figure;
    this.library = library;
    this.length = LENGTH[figure.dataset.interval || "minute"];
    this.bars = new Map();
    this.looking = false;
    this.lines = [];
    this.levels = [];
    this.place = figure.querySelector(".canvas") || figure.insertBefore(document.createElement("div"), figure.firstChild);
    this.place.className = "canvas";
    this.said = figure.appendChild(document.createElement("p"));
    this.said.className = "small";
    this.chart = library.createChart(this.place, {
      autoSize: true,
      // The library's logo brings a style of its own, which the page's policy refuses; the foot names it.
      layout: { attributionLogo: false },
      // A finger that moves up or down moves the page.
      handleScroll: { vertTouchDrag: false },
      handleScale: { mouseWheel: false },
      localization: { locale: "en-IN", priceFormatter: (value) => price.format(value), timeFormatter: clock },
      timeScale: { timeVisible: true, secondsVisible: false, rightOffset: 3 },
    });
    this.candles = this.chart.addSeries(library.CandlestickSeries, {
      autoscaleInfoProvider: (original) => this.reach(original()),
    });
    this.volume = this.chart.addSeries(library.HistogramSeries, {
      priceScaleId: "", priceFormat: { type: "volume" }, lastValueVisible: false, priceLineVisible: false,
    });
    this.volume.priceScale().applyOptions({ scaleMargins: { top: 0.86, bottom: 0 } });
    this.marks = library.createSeriesMarkers(this.candles, []);
    this.paint();
  }

  // Stop and target are in the picture, however far the price is from them.
  reach(found) {
    if (!found || !this.levels.length) return found;
    const { minValue, maxValue } = found.priceRange;
    found.priceRange.minValue = Math.min(minValue, ...this.levels);
    found.priceRange.maxValue = Math.max(maxValue, ...this.levels);
    return found;
  }

  paint() {
    const [good, bad, muted, line] = ["good", "bad", "muted", "line"].map(color);
    this.chart.applyOptions({
      layout: { background: { color: color("card") }, textColor: muted, fontSize: 12 },
      grid: { vertLines: { color: line }, horzLines: { color: line } },
      rightPriceScale: { borderColor: line },
      timeScale: { borderColor: line },
    });
    // Filled is down and hollow is up, for those to whom the colours are one.
    this.candles.applyOptions({
      upColor: color("card"), borderUpColor: good, wickUpColor: good,
      downColor: bad, borderDownColor: bad, wickDownColor: bad, priceLineColor: muted,
    });
    this.volume.applyOptions({ color: color("track") });
    this.mark();
  }

  mark() {
    const place = document.getElementById(this.figure.dataset.marks);
    for (const line of this.lines) this.candles.removePriceLine(line);
    const levels = [...(place?.querySelectorAll("[data-level][data-price]") || [])];
    this.levels = levels.map((one) => Number(one.dataset.price));
    this.lines = levels.map((one) =>
      this.candles.createPriceLine({
        price: Number(one.dataset.price),
        title: one.dataset.level,
        color: color({ stop: "bad", target: "good" }[one.dataset.level] || "muted"),
        lineStyle: this.library.LineStyle.Dashed,
        lineWidth: 1,
      }),
    );
    const marks = [...(place?.querySelectorAll("[data-mark][data-at]") || [])].map((one) => {
      const wall = onTheWall(one.dataset.at);
      const out = one.dataset.mark === "exit";
      return {
        time: wall - (wall % this.length),
        position: out ? "aboveBar" : "belowBar",
        shape: one.dataset.mark === "signal" ? "circle" : out ? "arrowDown" : "arrowUp",
        color: color("accent"),
        text: one.dataset.label || one.dataset.mark,
      };
    });
    this.marks.setMarkers(this.bars.size ? marks.sort((one, other) => one.time - other.time) : []);
  }

  // What is kept from a minute on, in as many answers as it takes.
  async read(start) {
    const { exchange, symbol, day, interval, end } = this.figure.dataset;
    for (let next = start; next !== null; ) {
      const asked = new URLSearchParams({ exchange, symbol, day, interval: interval || "minute" });
      if (next) asked.set("start", next);
      if (end) asked.set("end", end);
      const answer = await fetch(`/api/candles?${asked}`);
      const told = await answer.json();
      if (!answer.ok) throw new Error(told.message);
      for (const bar of told.candles) this.bars.set(onTheWall(bar.start), bar);
      if (told.candles.length || !this.said.textContent) this.show();
      next = told.next;
    }
  }

  show() {
    const bars = [...this.bars].sort(([one], [other]) => one - other);
    this.figure.classList.toggle("is-empty", !bars.length);
    const named = `${this.figure.dataset.symbol} on ${dated(this.figure.dataset.day)}`;
    if (!bars.length) {
      this.said.textContent = `No candles are stored for ${named}: the desk records what it watches, while it watches it.`;
      return;
    }
    this.candles.setData(bars.map(([time, { open, high, low, close }]) => ({ time, open, high, low, close })));
    this.volume.setData(bars.map(([time, { volume }]) => ({ time, value: volume })));
    this.mark();
    const all = bars.map(([, bar]) => bar);
    const [low, high] = [Math.min(...all.map((bar) => bar.low)), Math.max(...all.map((bar) => bar.high))];
    const [first, last] = [bars[0], bars[bars.length - 1]];
    this.said.textContent = `${named} from ${clock(first[0])} to ${clock(last[0] + this.length)}: opened at ${
      price.format(first[1].open)}, lowest ${price.format(low)}, highest ${price.format(high)}, last ${
      price.format(last[1].close)}.`;
    this.place.setAttribute("role", "img");
    this.place.setAttribute("aria-label", `Candles of ${this.said.textContent}`);
  }

  // What has come since the last bar that is known.
  async look() {
    if (document.hidden || this.looking || !this.figure.isConnected) return;
    this.looking = true;
    const last = Math.max(...this.bars.keys());
    const start = this.bars.size ? clock(last + this.length) : this.figure.dataset.start || "";
    // The frame says it when the desk is silent.
    await this.read(start).catch(() => {});
    this.looking = false;
  }
}

async function draw(figure) {
  const library = await import("./lightweight-charts.js");
  const picture = new Picture(figure, library);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => picture.paint());
  whenShown((part) => part.id === figure.dataset.marks && picture.mark());
  try {
    await picture.read(figure.dataset.start || "");
    picture.chart.timeScale().fitContent();
  } catch (error) {
    picture.said.textContent = `The candles cannot be shown: ${error.message}`;
  }
  figure.classList.add("is-drawn");
  if (!("follow" in figure.dataset)) return;
  setInterval(() => picture.look(), FOLLOW_MS);
  document.addEventListener("visibilitychange", () => picture.look());
}

for (const figure of document.querySelectorAll("figure[data-chart]")) draw(figure);
