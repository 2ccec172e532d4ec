namespace GovChain.Consensus;

/// <summary>
/// Of one height, the views that a quorum has asked for, each with the quorum's signed view changes. Only the lowest are
/// kept: no more leaders than f may be suspended.
/// </summary>
internal sealed class LeftViews(int viewsMax)
{
    private readonly SortedDictionary<uint, IReadOnlyList<ViewChangePayload>> _views = [];

    /// <summary>Ascending: a view asked for, 1 or more, and a quorum's view changes for it.</summary>
    public IEnumerable<KeyValuePair<uint, IReadOnlyList<ViewChangePayload>>> All => _views;

    /// <summary>Takes a quorum's verified view changes for a view; what is known already stays.</summary>
    public void Add(uint view, IReadOnlyList<ViewChangePayload> quorum)
    {
        if (!_views.TryAdd(view, quorum) || _views.Count <= viewsMax)
            return;
        uint highest = 0;
        foreach (uint known in _views.Keys)
            highest = known;
        _views.Remove(highest);
    }
}
