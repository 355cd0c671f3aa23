// Numbers, times and names as the reader's own locale writes them.

const percentFormat = new Intl.NumberFormat(undefined, { style: "percent", maximumFractionDigits: 0 });
const wholeFormat = new Intl.NumberFormat(undefined, { maximumFractionDigits: 0 });
const decimalFormat = new Intl.NumberFormat(undefined, { maximumFractionDigits: 1 });
const signedFormat = new Intl.NumberFormat(undefined, { maximumFractionDigits: 0, signDisplay: "exceptZero" });
const twoFiguresFormat = new Intl.NumberFormat(undefined, { maximumSignificantDigits: 2 });
const tenthsFormat = new Intl.NumberFormat(undefined, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const hundredthsFormat = new Intl.NumberFormat(undefined, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const dateFormat = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const listFormat = new Intl.ListFormat("en-GB", { type: "conjunction" });

/**
 * Tell whether a figure is there: reports leave out or set to null what could not be measured.
 * @template T
 * @param {T} value
 * @returns {value is NonNullable<T>}
 */
export const known = (value) => value !== null && value !== undefined;

/** Write a share of 0..1 as `48%`. @param {number} share */
export const percent = (share) => percentFormat.format(share);

/** Write a number without decimals. @param {number} value */
export const whole = (value) => wholeFormat.format(value);

/** Write a number with at most one decimal. @param {number} value */
export const decimal = (value) => decimalFormat.format(value).replace("-", "−");

/** Write a number with two decimals. @param {number} value */
export const twoDecimals = (value) => hundredthsFormat.format(value);

/** Write an angle with its sign: `+6°`. @param {number} value */
export const degrees = (value) => `${signedFormat.format(value)}°`;

/** Write a date and time of the interface. @param {string} iso */
export const when = (iso) => dateFormat.format(new Date(iso));

/** Write `a, b and c`. @param {Iterable<string>} items */
export const list = (items) => listFormat.format(items);

/** Write `1:05` for 65 seconds. @param {number} seconds */
export function clock(seconds) {
  const rounded = Math.round(seconds);
  return `${Math.floor(rounded / 60)}:${String(rounded % 60).padStart(2, "0")}`;
}

/** Write `1:05.5`, where tenths of a second matter. @param {number} seconds */
export function preciseClock(seconds) {
  const tenths = Math.round(seconds * 10);
  const rest = tenths % 600;
  return `${Math.floor(tenths / 600)}:${String(Math.floor(rest / 10)).padStart(2, "0")}.${rest % 10}`;
}

/** Write `48.2 s`, or `3:05 min` from a minute on. @param {number} seconds */
export const duration = (seconds) => (seconds < 60 ? `${decimal(seconds)} s` : `${clock(seconds)} min`);

/** Write a place in the recording: `7.2 s`, or `1:05.5` from a minute on. @param {number} seconds */
export function moment(seconds) {
  const tenths = Math.floor(seconds * 10 + 0.5);
  return tenths < 600 ? `${tenthsFormat.format(tenths / 10)} s` : preciseClock(tenths / 10);
}

/** Write a frequency to two figures, as the borders of bands deserve. @param {number} frequency in Hz */
export const hertz = (frequency) => twoFiguresFormat.format(frequency);

/** Write `1.5 MB`. @param {number} bytes */
export function fileSize(bytes) {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte"];
  const power = Math.min(units.length - 1, bytes > 0 ? Math.floor(Math.log10(bytes) / 3) : 0);
  return new Intl.NumberFormat(undefined, {
    style: "unit", unit: units[power], maximumFractionDigits: 1,
  }).format(bytes / 1000 ** power);
}

/**
 * Write `1 word`, `2 words`.
 * @param {number} count
 * @param {string} one
 * @param {string} many
 */
export const plural = (count, one, many) => `${whole(count)} ${count === 1 ? one : many}`;

/** Write a text with a capital letter. @param {string} text */
export const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);
