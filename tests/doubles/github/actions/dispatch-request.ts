/** What GitHub checks of a workflow_dispatch before a run exists (docs, Create a workflow dispatch event). */
import { z } from 'zod';
import { Refusal } from '../api.ts';
import { dispatchInputs, type WorkflowFile } from './workflow-file.ts';

const MOST_INPUTS = 25;
const MOST_INPUT_CHARACTERS = 65_535;

const body = z.object({
  ref: z.string(),
  inputs: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).default({}),
  return_run_details: z.boolean().default(false),
});

export function parseDispatch(value: unknown): z.infer<typeof body> {
  const parsed = body.safeParse(value);
  if (!parsed.success) throw new Refusal(422, `Invalid request. ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}

/** The inputs with their defaults, as texts; throws a `Refusal` with status 422 as GitHub words it. */
export function resolveInputs(
  file: WorkflowFile,
  given: Readonly<Record<string, string | number | boolean>>,
): Record<string, string> {
  const trigger = dispatchInputs(file);
  if (trigger === undefined) throw new Refusal(422, "Workflow does not have 'workflow_dispatch' trigger");
  const declared = trigger?.inputs ?? {};
  const unexpected = Object.keys(given).filter((name) => !(name in declared));
  if (unexpected.length > 0)
    throw new Refusal(422, `Unexpected inputs provided: ${JSON.stringify(unexpected)}`);
  if (Object.keys(given).length > MOST_INPUTS) throw new Refusal(422, 'More than 25 inputs provided');
  if (JSON.stringify(given).length > MOST_INPUT_CHARACTERS) throw new Refusal(422, 'inputs are too large');
  const resolved: Record<string, string> = {};
  for (const [name, input] of Object.entries(declared)) {
    const value = given[name] ?? input?.default ?? undefined;
    if (value === undefined && input?.required)
      throw new Refusal(422, `Required input '${name}' not provided`);
    resolved[name] = value === undefined ? '' : String(value);
  }
  return resolved;
}
