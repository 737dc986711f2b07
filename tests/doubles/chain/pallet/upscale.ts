/** How the chain writes a row down: its largest value becomes 65,535. Pure. */

const MAX = 65_535;
/** Above it the pallet multiplies by a quotient that it rounded down, and so rounds some halves down. */
const THRESHOLD = 32_768;
/** Binary digits behind the point of the pallet's numbers. */
const FRACTION_BITS = 32n;
const ONE = 1n << FRACTION_BITS;

/** Source: subtensor `vec_u16_max_upscale_to_u16`. */
export function maxUpscale(values: readonly number[]): number[] {
  const largest = Math.max(0, ...values);
  if (largest === 0 || largest === MAX) return [...values];
  const factor = (BigInt(MAX) * ONE) / BigInt(largest);
  return values.map((value) =>
    rounded(
      largest > THRESHOLD ? BigInt(value) * factor : (BigInt(value) * BigInt(MAX) * ONE) / BigInt(largest),
    ),
  );
}

function rounded(fixed: bigint): number {
  return Number((fixed + ONE / 2n) >> FRACTION_BITS);
}
