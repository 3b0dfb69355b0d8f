/** Two rules only, both about promises: everything else is biome's. They need types, which is why they live here. */

import tseslint from 'typescript-eslint'

/** node:test collects the promises of its own calls, so nobody has to. */
const collected = { from: 'package', package: 'node:test', name: ['test', 'it', 'describe', 'suite'] }

export default [
  { ignores: ['dist/', 'node_modules/', '.flotilla/', 'coverage/'] },
  {
    files: ['src/**/*.ts', 'machines/**/*.ts', 'test/**/*.ts'],
    languageOptions: {
      parser: tseslint.parser,
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    plugins: { '@typescript-eslint': tseslint.plugin },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      '@typescript-eslint/no-floating-promises': ['error', { allowForKnownSafeCalls: [collected] }],
      '@typescript-eslint/no-misused-promises': 'error',
    },
  },
]
