import type { Reporter, TestModule } from 'vitest/node';

/** Prints `N passed, N failed` below everything else; `.ci/run` ends with these counts. */
export const countReporter: Reporter = {
  onTestRunEnd(modules, unhandledErrors) {
    const passed = testsOf(modules, 'passed');
    const failed = testsOf(modules, 'failed') + brokenModules(modules) + unhandledErrors.length;
    process.stdout.write(`${passed} passed, ${failed} failed\n`);
  },
};

function testsOf(modules: readonly TestModule[], state: 'passed' | 'failed'): number {
  return modules.reduce((sum, module) => sum + [...module.children.allTests(state)].length, 0);
}

/** Files and groups that fail outside their tests: an import, a `beforeAll`. */
function brokenModules(modules: readonly TestModule[]): number {
  const isBroken = (errors: readonly unknown[]) => errors.length > 0;
  return modules.reduce((sum, module) => {
    const groups = [...module.children.allSuites()].filter((group) => isBroken(group.errors()));
    return sum + groups.length + (isBroken(module.errors()) ? 1 : 0);
  }, 0);
}
