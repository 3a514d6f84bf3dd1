// The crop as the program makes it (wanx_render/geometry.py), in whole numbers only.
// A test compares the two.

const evenDown = (value) => value - (value % 2);

// n / 1000, a half to the even side, as Python rounds an exact fraction.
export function thousandth(n) {
  const whole = Math.floor(n / 1000);
  const rest = n - whole * 1000;
  if (rest === 500) return whole + (whole % 2);
  return rest > 500 ? whole + 1 : whole;
}

function offset(room, focus, side, whole) {
  const wanted = thousandth(focus * whole) - Math.floor(side / 2);
  return evenDown(Math.min(Math.max(wanted, 0), room));
}

// The largest exact crop to a:b, around a focus in thousandths; null where none fits.
export function cropBox(width, height, [a, b], [x, y]) {
  const unit = evenDown(Math.min(Math.floor(width / a), Math.floor(height / b)));
  if (unit < 2) return null;
  const [w, h] = [a * unit, b * unit];
  return { x: offset(width - w, x, w, width), y: offset(height - h, y, h, height), width: w, height: h };
}
