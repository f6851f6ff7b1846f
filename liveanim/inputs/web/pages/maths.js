// Places 0..1 and values of a parameter, as core/params.py has them, and how values are written.

export function clamp(row, value) {
  const inside = Math.min(row.high, Math.max(row.low, value));
  return row.curve === 'step' || row.curve === 'toggle' ? Math.round(inside) : inside;
}

export function fromPlace(row, place) {
  const x = Math.min(1, Math.max(0, place));
  if (row.curve === 'log') return clamp(row, row.low * (row.high / row.low) ** x);
  return clamp(row, row.low + (row.high - row.low) * x);
}

export function toPlace(row, value) {
  const v = Math.min(row.high, Math.max(row.low, value));
  if (row.curve === 'log') return Math.log(v / row.low) / Math.log(row.high / row.low);
  return (v - row.low) / (row.high - row.low);
}

export function shown(row, value) {
  if (value === undefined || value === null) return '–';
  if (row.curve === 'toggle') return value > 0.5 ? 'on' : 'off';
  if (row.curve === 'step') return row.choices[value]?.replaceAll('_', ' ') ?? String(value);
  const wide = Math.abs(row.high - row.low);
  if (wide >= 1000) return value.toFixed(0);
  const text = value.toFixed(wide >= 100 ? 1 : wide >= 10 ? 2 : 3);
  return /^-0\.?0*$/.test(text) ? text.slice(1) : text;
}

// Where zero, or the beginning of the way, is: a bar is drawn from there.
export function origin(row) {
  return row.low < 0 && row.high > 0 ? toPlace(row, 0) : row.name === 'camera.zoom' ? toPlace(row, 1) : 0;
}

export function make(tag, props = {}, ...inside) {
  const { dataset, ...rest } = props;
  const element = Object.assign(document.createElement(tag), rest);
  Object.assign(element.dataset, dataset);
  element.append(...inside);
  return element;
}
