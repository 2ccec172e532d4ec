using GovChain.Client;
using GovChain.Protos.V1;

namespace GovChain.Tests.Integration.Nemesis;

/// <summary>
/// Whose data were damaged and when, and whose may be next: at most f departments are without votes that they gave. Another is
/// damaged only when those before vote again, and the heights at which they had voted are decided.
/// </summary>
/// <param name="network">The departments.</param>
/// <param name="spared">Who is never damaged.</param>
internal sealed class DamageBook(TestNetwork network, int spared)
{
    /// <summary>A node has voted at most at the height after the next of the highest that the others know.</summary>
    private const ulong HeightsToForget = 3;

    private readonly List<Damage> _all = [];
    private readonly Dictionary<int, ulong> _forgetful = []; // damaged and not seen voting again since; the highest height then

    /// <summary>All damage so far, in order.</summary>
    public IReadOnlyList<Damage> All => _all;

    private int Nodes => network.Network.Departments.Count;

    private int FaultyMax => (Nodes - 1) / 3;

    /// <summary>Who may be damaged: if so many are already, one of these; else another.</summary>
    public async Task<int?> VictimAsync(int proposed, CancellationToken cancellation)
    {
        // Whoever was seen voting again stays out, even if it is down just now: or it could be damaged beside another.
        foreach ((int node, ulong height) in _forgetful.ToArray())
        {
            if (await FindStatusAsync(node, cancellation) is { Voting: true } status && status.Height >= height + HeightsToForget)
                _forgetful.Remove(node);
        }
        if (_forgetful.Count >= FaultyMax)
            return _forgetful.Count > 0 ? _forgetful.Keys.Order().ElementAt(proposed % _forgetful.Count) : null;
        return proposed != spared ? proposed : (proposed + 1) % Nodes;
    }

    /// <summary>A department is about to be damaged.</summary>
    public async Task BeginAsync(int node, CancellationToken cancellation)
    {
        _all.Add(new Damage(network.Network.Departments[node].Id, NowMs(), long.MaxValue));
        GetStatusResponse?[] all = await Task.WhenAll(Enumerable.Range(0, Nodes).Select(i => FindStatusAsync(i, cancellation)));
        _forgetful[node] = all.Max(s => s?.Height) ?? 0;
    }

    /// <summary>The node of whoever was damaged last answers again.</summary>
    public void End() => _all[^1] = _all[^1] with { ToMs = NowMs() };

    private static long NowMs() => DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();

    /// <summary>Null where the node does not answer.</summary>
    private async Task<GetStatusResponse?> FindStatusAsync(int node, CancellationToken cancellation)
    {
        try
        {
            using LedgerClient client = network.Network.ConnectClient(node);
            return await client.GetStatusAsync(cancellation);
        }
        catch (LedgerClientException e) when (e.IsTransient)
        {
            return null;
        }
    }
}
