using System.Globalization;

namespace GovChain.Tests;

/// <summary>Numbers that tests take from the environment. What is none is refused: a run that falls back to another one is not what was asked for.</summary>
internal static class EnvironmentNumber
{
    /// <summary>The number in a variable; null where it is not set, or empty.</summary>
    /// <exception cref="FormatException">It is no whole number of 32 bits, or below <paramref name="least"/>.</exception>
    public static int? Read(string name, int least = int.MinValue)
    {
        if (Environment.GetEnvironmentVariable(name) is not { Length: > 0 } text)
            return null;
        return int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int value) && value >= least
            ? value
            : throw new FormatException($"{name}='{text}' in the environment: a whole number from {least} to {int.MaxValue} is wanted.");
    }
}
