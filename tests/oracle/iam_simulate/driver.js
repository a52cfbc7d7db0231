// Answers cases of IAM, a JSON line each on stdin, by a JSON line each on stdout: the simulator's result, or its errors.
import { createInterface } from 'node:readline'
import { runSimulation } from '@cloud-copilot/iam-simulate'

for await (const line of createInterface({ input: process.stdin })) {
  const answer = await runSimulation(JSON.parse(line), {})
  const { resultType, errors, overallResult, result } = answer
  const said = resultType === 'error' ? { errors } : { result: overallResult, ignored: result?.ignoredContextKeys ?? [] }
  process.stdout.write(JSON.stringify(said) + '\n')
}
