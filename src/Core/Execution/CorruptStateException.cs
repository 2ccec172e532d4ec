using GovChain.Core.Model;

namespace GovChain.Core.Execution;

/// <summary>
/// A stored state value is missing or is not what only a block could have written: the store is damaged.
/// </summary>
public sealed class CorruptStateException(StateKey key, string found)
    : Exception($"The state value {key} is damaged: found {found}.")
{
    /// <summary>Which value.</summary>
    public StateKey Key { get; } = key;
}
