/** The parts of a workflow file that decide how the double runs it, and the few expressions that ours use. */
import { parse } from 'yaml';
import { z } from 'zod';

const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()]);
const values = z.record(z.string(), scalar).default({});

const step = z.object({
  name: z.string().optional(),
  uses: z.string().optional(),
  run: z.string().optional(),
  with: values,
  env: values,
});

const job = z.object({
  name: z.string().optional(),
  'runs-on': z.union([z.string(), z.array(z.string())]),
  env: values,
  steps: z.array(step),
});

const dispatchInput = z
  .object({ required: z.boolean().default(false), default: scalar.optional() })
  .nullable();
const dispatch = z.object({ inputs: z.record(z.string(), dispatchInput).default({}) }).nullable();

const workflowFile = z.object({
  name: z.string().optional(),
  'run-name': z.string().optional(),
  on: z.union([z.string(), z.array(z.string()), z.object({ workflow_dispatch: dispatch.optional() })]),
  env: values,
  jobs: z.record(z.string(), job),
});

export type WorkflowFile = z.infer<typeof workflowFile>;
export type Step = z.infer<typeof step>;
export type WorkflowJob = z.infer<typeof job>;

/** Throws, naming what is wrong, when the file is not a workflow. */
export function parseWorkflow(text: string): WorkflowFile {
  return workflowFile.parse(parse(text));
}

/** The name that a file gives itself, also when the rest of it is of no kind that the double runs. */
export function workflowName(text: string): string | undefined {
  try {
    return z.object({ name: z.string() }).safeParse(parse(text)).data?.name;
  } catch {
    return undefined;
  }
}

/** Whether and with which inputs it can be dispatched. */
export function dispatchInputs({ on }: WorkflowFile): z.infer<typeof dispatch> | undefined {
  if (typeof on === 'string') return on === 'workflow_dispatch' ? { inputs: {} } : undefined;
  if (Array.isArray(on)) return on.includes('workflow_dispatch') ? { inputs: {} } : undefined;
  return 'workflow_dispatch' in on ? (on.workflow_dispatch ?? { inputs: {} }) : undefined;
}

/** What `${{ }}` may name: `inputs.x`, `github.x`, `env.X`, `runner.x`. */
export type Contexts = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** Replaces every `${{ context.name }}`; `secrets` are empty, anything else throws. */
export function expand(text: string, contexts: Contexts): string {
  return text.replace(/\$\{\{\s*(.*?)\s*\}\}/g, (_, expression: string) => lookUp(expression, contexts));
}

/** `runs-on`, which may be `${{ fromJSON(inputs.labels) }}`. */
export function labelsOf({ 'runs-on': runsOn }: WorkflowJob, contexts: Contexts): string[] {
  if (Array.isArray(runsOn)) return runsOn.map((label) => expand(label, contexts));
  const json = /^\$\{\{\s*fromJSON\((.+)\)\s*\}\}$/i.exec(runsOn)?.[1];
  if (json === undefined) return [expand(runsOn, contexts)];
  return z
    .union([z.array(z.string()), z.string().transform((label) => [label])])
    .parse(JSON.parse(lookUp(json, contexts)));
}

function lookUp(expression: string, contexts: Contexts): string {
  const [, context = '', name = ''] =
    /^([a-z]+)\.([\w.-]+)$/i.exec(expression.replace('github.event.inputs.', 'inputs.')) ?? [];
  if (context === 'secrets') return '';
  const values = contexts[context];
  if (!values) throw new Error(`the offline runner does not know the expression ${expression}`);
  return values[name] ?? '';
}
