using NUnit.Framework;

namespace GovChain.Tests;

/// <summary>
/// Finds the folder of real records and published test vectors that stands beside the checkout. A test that
/// needs it is skipped, with the reason, where it is missing.
/// </summary>
internal static class SharedFolder
{
    /// <summary>The full path of <paramref name="relative"/> inside the shared folder.</summary>
    public static string Require(string relative)
    {
        for (DirectoryInfo? d = new(TestContext.CurrentContext.TestDirectory); d is not null; d = d.Parent)
        {
            string candidate = Path.Combine(d.FullName, "shared", relative);
            if (Path.Exists(candidate))
                return candidate;
        }
        Assert.Ignore($"shared/{relative} does not stand beside this checkout.");
        throw new InvalidOperationException("unreachable: Assert.Ignore throws");
    }
}
