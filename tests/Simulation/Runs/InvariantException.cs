namespace GovChain.Tests.Simulation;

/// <summary>The protocol, or the code under test, broke a promise.</summary>
internal sealed class InvariantException(string invariant, string what) : Exception($"{invariant}: {what}")
{
    public string Invariant { get; } = invariant;
}
