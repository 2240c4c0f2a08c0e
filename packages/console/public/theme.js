// Runs before the first paint, so that a chosen theme doesn't flash. Its key is that of src/state/theme.ts.
(() => {
  try {
    const chosen = localStorage.getItem('shoal.theme');
    if (chosen === 'light' || chosen === 'dark') document.documentElement.dataset.theme = chosen;
  } catch {
    // No storage (private window): the system's preference holds.
  }
})();
