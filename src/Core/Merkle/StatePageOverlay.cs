namespace GovChain.Core.Merkle;

/// <summary>
/// Pages that are not stored yet on top of those that are, so that a block can be executed on one that is only
/// proposed.
/// </summary>
public sealed class StatePageOverlay(IStatePageReader below) : IStatePageReader
{
    private readonly Dictionary<StatePageId, byte[]> _pages = [];

    /// <summary>Lays the pages that an update changes on top.</summary>
    public void Add(StateUpdate update)
    {
        foreach ((StatePageId id, byte[] bytes) in update.ChangedPages)
            _pages[id] = bytes;
    }

    /// <inheritdoc/>
    public StatePageCache? Cache => below.Cache;

    /// <inheritdoc/>
    public ReadOnlyMemory<byte>? TryGetPage(StatePageId id) =>
        _pages.TryGetValue(id, out byte[]? bytes) ? bytes : below.TryGetPage(id);
}
