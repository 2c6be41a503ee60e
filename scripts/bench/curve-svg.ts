import type { Result } from './results.ts';

/** One curve with its words. */
export interface Curve {
  readonly title: string;
  readonly x: string;
  readonly y: string;
  readonly points: readonly Point[];
}

interface Point {
  readonly x: number;
  readonly y: number;
}

const WIDTH = 640;
const HEIGHT = 320;
const LEFT = 72;
const RIGHT = 24;
const TOP = 40;
const BOTTOM = 56;

/** Returns the best run of each result whose name matches; the first group is the point's place. */
export function pointsOf(
  results: readonly Result[],
  pattern: RegExp,
  convert: (best: number) => number,
): readonly Point[] {
  return results
    .flatMap(({ name, max }) => {
      const place = pattern.exec(name)?.[1];
      return place === undefined ? [] : [{ x: Number(place), y: convert(max) }];
    })
    .toSorted((a, b) => a.x - b.x);
}

/** Returns a curve as SVG: points at equal distances, named below, heights from zero. */
export function curveSvg({ title, x, y, points }: Curve): string {
  const top = Math.max(...points.map(point => point.y)) * 1.1;
  const step = (WIDTH - LEFT - RIGHT) / Math.max(1, points.length - 1);
  const placed = points.map((point, index) => ({
    ...point,
    left: Math.round(LEFT + index * step),
    down: Math.round(HEIGHT - BOTTOM - (point.y / top) * (HEIGHT - TOP - BOTTOM)),
  }));
  const base = HEIGHT - BOTTOM;
  const line = placed.map(({ left, down }) => `${left},${down}`).join(' ');
  const marks = placed.flatMap(point => [
    `<circle cx="${point.left}" cy="${point.down}" r="3"/>`,
    label(point.left, point.down - 10, short(point.y)),
    label(point.left, base + 18, short(point.x)),
  ]);
  const viewBox = `0 0 ${WIDTH} ${HEIGHT}`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="${viewBox}" font-family="sans-serif">`,
    `<title>${title}</title>`,
    '<rect width="100%" height="100%" fill="white"/>',
    label(WIDTH / 2, 20, title, 14),
    label(WIDTH / 2, HEIGHT - 12, x),
    `<text x="12" y="${TOP}" font-size="11">${y}</text>`,
    `<path d="M${LEFT} ${TOP}V${base}H${WIDTH - RIGHT}" fill="none" stroke="#888"/>`,
    `<polyline points="${line}" fill="none" stroke="#06c" stroke-width="2"/>`,
    ...marks,
    '</svg>',
    '',
  ].join('\n');
}

function label(left: number, down: number, text: string, size = 11): string {
  const place = `x="${left}" y="${down}" font-size="${size}"`;
  return `<text ${place} text-anchor="middle">${text}</text>`;
}

function short(value: number): string {
  return value >= 10 ? Math.round(value).toLocaleString('en-US') : value.toPrecision(2);
}
