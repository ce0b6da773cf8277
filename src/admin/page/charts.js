// Pictures in SVG. They consist of elements and text nodes only, so text from elsewhere is never markup.

const SVG = 'http://www.w3.org/2000/svg';
const BUCKETS_PER_DOUBLING = 8;
/** One bar for two buckets. Limits that are tried stand between bars. */
const BUCKETS_PER_BAR = 2;
const FLOOR = 210;

/** An SVG element with attributes and children. */
function draw(name, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

/** A picture of the available width, with a description in words. */
function picture(width, height, label, ...children) {
  const attributes = { viewBox: `0 0 ${width} ${height}`, width, height, role: 'img', 'aria-label': label };
  return draw('svg', attributes, ...children);
}

/** The place of a size among buckets, counted from size 1: eight to a doubling. */
const placeOf = (size) => Math.log2(Math.max(1, size)) * BUCKETS_PER_DOUBLING;
/** The size at a place. */
const sizeAt = (place) => 2 ** (place / BUCKETS_PER_DOUBLING);

/** The range of a picture that shows all buckets and the limit, in places, rounded to whole doublings. */
function extentOf(buckets, limit) {
  const most = Math.max(limit ?? 1, ...buckets.map(([, to]) => to), 64);
  return Math.ceil(Math.log2(most) + 1) * BUCKETS_PER_DOUBLING;
}

/** The limit at a place. A result as large as the place's size is cut, a smaller one is not. */
const limitAt = (place) => Math.max(1, Math.ceil(sizeAt(place) * 0.9999) - 1);

/** How many results a limit cuts. The number is exact, because the limit stands at an edge of the buckets. */
function cutBy(buckets, place) {
  const edge = sizeAt(place) * 0.9999;
  return buckets.reduce((sum, [from, , count]) => (from >= edge ? sum + count : sum), 0);
}

/** The line under the bars. */
function axis(width, y) {
  return draw('line', { x1: 0, x2: width, y1: y + 0.5, y2: y + 0.5, class: 'axis' });
}

/** A line at a limit, with its name. */
function limitLine(x, width, y, className, label) {
  const isLate = x > width * 0.7;
  return [
    draw('line', { x1: x, x2: x, y1: y - 10, y2: FLOOR, class: className }),
    draw('text', {
      x: x + (isLate ? -6 : 6), y, 'text-anchor': isLate ? 'end' : 'start', class: `${className}-text`,
    }, label),
  ];
}

/** Marks along a logarithmic axis: 1, 16, 256 … or 1, 10, 100 …, as many as there is room for. */
function marks(extent, width, { mark, stepFactor }, xOf) {
  const count = extent / BUCKETS_PER_DOUBLING / Math.log2(stepFactor);
  const factor = stepFactor ** Math.ceil((count * 64) / width);
  const found = [];
  for (let size = 1; xOf(placeOf(size)) <= width - 20; size *= factor) {
    const anchor = size === 1 ? 'start' : 'middle';
    found.push(draw('text', { x: xOf(placeOf(size)), y: FLOOR + 20, 'text-anchor': anchor }, mark(size)));
  }
  return found;
}

/** The buckets grouped into bars, by the place at which a bar begins. */
function barsOf(buckets) {
  const bars = new Map();
  for (const [from, , count] of buckets) {
    const place = Math.floor(Math.round(placeOf(from)) / BUCKETS_PER_BAR) * BUCKETS_PER_BAR;
    bars.set(place, (bars.get(place) ?? 0) + count);
  }
  return bars;
}

/**
 * The number of results of each size, with the limit and another limit that is tried.
 * @param tried the place of the limit that is tried
 * @param isTried whether somebody has chosen it
 */
function histogramPicture(width, buckets, unit, limit, tried, isTried) {
  const extent = extentOf(buckets, limit);
  const xOf = (place) => (place / extent) * width;
  const all = barsOf(buckets);
  // The few large results matter most, so their bars must be visible beside those of a million small ones.
  const scale = 140 / Math.log2(1 + Math.max(1, ...all.values()));
  const barWidth = Math.max(2, xOf(BUCKETS_PER_BAR) - 1.5);
  const bars = [...all].map(([place, count]) => {
    const height = 4 + Math.log2(1 + count) * scale;
    const shape = { x: xOf(place), y: FLOOR - height, width: barWidth, height, rx: 2 };
    const least = Math.ceil(sizeAt(place) * 0.9999);
    const title = draw('title', {}, `from ${unit.show(least)}: ${counted(count, 'result')}`);
    return draw('rect', { ...shape, class: place >= tried ? 'bar beyond' : 'bar' }, title);
  });
  const isSame = limit !== null && (!isTried || unit.show(limitAt(tried)) === unit.show(limit));
  return picture(width, FLOOR + 48, histogramLabel(buckets, unit, limit),
    axis(width, FLOOR), ...bars, ...marks(extent, width, unit, xOf),
    draw('text', { x: 0, y: 10, class: 'axis-name' }, 'results, on a logarithmic scale ↑'),
    draw('text', { x: width, y: FLOOR + 42, 'text-anchor': 'end', class: 'axis-name' },
      `${unit.name} of a result, on a logarithmic scale →`),
    ...(limit === null ? [] : limitLine(xOf(placeOf(limit)), width, 28, 'limit', `limit ${unit.show(limit)}`)),
    ...(isSame ? [] : limitLine(xOf(tried), width, 48, 'if', `if ${unit.show(limitAt(tried))}`)));
}

/** The distribution in words. */
function histogramLabel(buckets, unit, limit) {
  const total = buckets.reduce((sum, [, , count]) => sum + count, 0);
  const atMost = (part) => {
    let below = 0;
    const found = buckets.find(([, , count]) => (below += count) >= part * total);
    return unit.show(Math.round(found[1]));
  };
  const spread = total === 0 ? '' : `: half have less than ${atMost(0.5)}, 95% less than ${atMost(0.95)}, ` +
    `all less than ${atMost(1)}`;
  const allowed = limit === null ? 'no limit' : `the limit is ${unit.show(limit)}`;
  return `Distribution of ${counted(total, 'result')} by ${unit.name}, on logarithmic scales${spread}; ${allowed}`;
}

const TIMELINE_FLOOR = 100;

/** One bar of the timeline, on top of the one below; nothing if its height is 0. */
function timelineBar(shape, below, height, className, title) {
  if (height === 0) return [];
  const y = TIMELINE_FLOOR - below - height;
  return [draw('rect', { ...shape, y, height, class: `bar ${className}` }, draw('title', {}, title))];
}

/** Cuts over time, a bar for each slot. */
function timelinePicture(totalWidth, slots) {
  const most = Math.max(4, ...slots.map(({ cuts, wouldCuts }) => cuts + wouldCuts));
  const width = totalWidth / slots.length;
  const heightOf = (count) => (count / most) * 90;
  const bars = slots.flatMap(({ fromMs, cuts, wouldCuts }, index) => {
    const at = new Date(fromMs).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
    const shape = { x: index * width + 1, width: Math.max(1, width - 2), rx: 1.5 };
    return [
      ...timelineBar(shape, 0, heightOf(cuts), 'cut', `${at}: ${cuts} cut`),
      ...timelineBar(shape, heightOf(cuts), heightOf(wouldCuts), 'would', `${at}: ${wouldCuts} would have been cut`),
    ];
  });
  const sum = (key) => slots.reduce((total, slot) => total + slot[key], 0);
  const label = `In the last hour ${counted(sum('cuts'), 'result')} ${sum('cuts') === 1 ? 'was' : 'were'} cut, ` +
    `and ${showCount(sum('wouldCuts'))} would have been`;
  const mark = (x, anchor, text) => draw('text', { x, y: 118, 'text-anchor': anchor }, text);
  return picture(totalWidth, 122, label, axis(totalWidth, TIMELINE_FLOOR), ...bars,
    draw('line', { x1: 0, x2: totalWidth, y1: 10.5, y2: 10.5, class: 'axis' }),
    draw('text', { x: 0, y: 7, class: 'axis-name' }, `${showCount(most)} in 30 s`),
    mark(0, 'start', 'an hour ago'), mark(totalWidth / 2, 'middle', 'half an hour'), mark(totalWidth, 'end', 'now'));
}
