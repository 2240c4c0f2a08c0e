/** The controller refuses shorter ones. */
export const shortestPassword = 12;

export type Strength = 'too short' | 'weak' | 'fair' | 'strong';

/**
 * A rough judgment of how hard a password is to guess, by its length and by how many different characters it has; length
 * counts most. Advice only: the controller asks for length alone.
 */
export function passwordStrength(password: string, userName: string): Strength {
  if (password.length < shortestPassword) return 'too short';
  const different = new Set(password.toLowerCase()).size;
  const hasName = userName.length >= 3 && password.toLowerCase().includes(userName.toLowerCase());
  const steps = [...password].filter((character, index) => {
    const before = password.charCodeAt(index - 1);
    return index > 0 && Math.abs(character.charCodeAt(0) - before) <= 1;
  }).length;
  if (different < 6 || hasName || steps > password.length / 2) return 'weak';
  const kinds = [/[a-z]/, /[A-Z]/, /\d/, /[^a-zA-Z\d]/].filter((kind) => kind.test(password)).length;
  const score = password.length + 2 * kinds + different / 2;
  return score >= 27 ? 'strong' : score >= 20 ? 'fair' : 'weak';
}
