namespace GovChain.Consensus;

/// <summary>
/// Verified view changes of one height: of each validator the highest. Says when to join a higher view and when a view
/// has gathered enough validators for its timer to run.
/// </summary>
internal sealed class ViewSynchroniser(int validators)
{
    private readonly uint[] _highest = new uint[validators];
    private readonly ViewChangeMessage?[] _messages = new ViewChangeMessage?[validators];

    /// <summary>Takes a view change; one below the validator's highest is dropped, and the first of a view stays.</summary>
    public void Add(ViewChangeMessage message)
    {
        int signer = message.Payload.Signer;
        if (message.View < _highest[signer] || _messages[signer]?.View == message.View)
            return;
        _highest[signer] = message.View;
        _messages[signer] = message;
    }

    /// <summary>The validator has signed a view change for this view, known without its certificate.</summary>
    public void Learn(int signer, uint view) => _highest[signer] = Math.Max(_highest[signer], view);

    /// <summary>The highest view that at least <paramref name="count"/> validators have reached; 0 is everyone's.</summary>
    public uint ViewReachedBy(int count)
    {
        uint[] sorted = [.. _highest];
        Array.Sort(sorted);
        return sorted[^count];
    }

    /// <summary>The view changes for exactly this view, ascending by signer.</summary>
    public List<ViewChangeMessage> For(uint view)
    {
        var exact = new List<ViewChangeMessage>();
        foreach (ViewChangeMessage? message in _messages)
        {
            if (message?.View == view)
                exact.Add(message);
        }
        return exact;
    }
}
