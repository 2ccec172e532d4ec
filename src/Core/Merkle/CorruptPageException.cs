namespace GovChain.Core.Merkle;

/// <summary>A stored page of the state tree is damaged, out of date or missing. It is never served.</summary>
public sealed class CorruptPageException(StatePageId page, StatePageFailure failure)
    : Exception($"The state page at {page} is damaged: {failure}.")
{
    /// <summary>The page.</summary>
    public StatePageId Page { get; } = page;

    /// <summary>What is wrong with it.</summary>
    public StatePageFailure Failure { get; } = failure;
}
