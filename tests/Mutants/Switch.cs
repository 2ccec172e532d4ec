namespace GovChain.Tests.Mutants;

/// <summary>Which bug is on: one at a time in the whole process, or none.</summary>
internal static class Switch
{
    /// <summary>The bug's number in the list; 0: none.</summary>
    public static int On { get; private set; }

    /// <summary>Does something while a bug is on.</summary>
    public static T With<T>(Bug bug, Func<T> action)
    {
        if (On != 0)
            throw new InvalidOperationException("Another bug is on.");
        On = bug.Number;
        try
        {
            return action();
        }
        finally
        {
            On = 0;
        }
    }
}
