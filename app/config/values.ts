/** Forms that the values of several variables have. */
import { z } from 'zod';

export const wholeNumber = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,15}$/, 'is not a whole number')
    .transform(Number)
    .refine((n) => n >= min && n <= max, `must lie between ${min} and ${max}`);

export const list = (item: RegExp, what: string) =>
  z
    .string()
    .transform((text) => text.split(/[\s,]+/).filter((part) => part !== ''))
    .refine((parts) => parts.length > 0, 'is an empty list')
    .refine((parts) => parts.every((part) => item.test(part)), `has an entry that is not ${what}`)
    .refine((parts) => new Set(parts).size === parts.length, 'names something twice');
