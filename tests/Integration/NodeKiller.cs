using GovChain.Client;
using GovChain.Node.Commands;

namespace GovChain.Tests.Integration;

/// <summary>
/// Kills nodes by SIGKILL, as a power cut would, and starts them again. A node may die again while it starts.
/// </summary>
internal sealed class NodeKiller(TestNetwork network)
{
    private readonly Task[] _ready = [.. Enumerable.Repeat(Task.CompletedTask, network.Count)];
    private readonly int[] _deaths = new int[network.Count];

    /// <summary>Every node that was started again answers.</summary>
    public bool AllReady => _ready.All(r => r.IsCompleted);

    /// <summary>Waits until every node that was started again answers.</summary>
    public Task WhenReadyAsync() => Task.WhenAll(_ready);

    /// <summary>Waits until a node that was started again answers, however busy the machine.</summary>
    /// <exception cref="CommandException">It ended instead.</exception>
    public Task WhenReadyAsync(int node) => _ready[node];

    /// <summary>Kills nodes at once, lets some time pass, and starts them again.</summary>
    /// <param name="nodes">Which.</param>
    /// <param name="down">How long they stay down.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    /// <param name="meanwhile">Done while they are down, if anything.</param>
    public async Task KillAsync(
        IReadOnlyList<int> nodes, TimeSpan down, CancellationToken cancellation, Func<Task>? meanwhile = null)
    {
        foreach (int node in nodes)
            _deaths[node]++;
        await Task.WhenAll(nodes.Select(n => network.Network.Processes[n].KillAsync()));
        await Task.Delay(down, cancellation);
        if (meanwhile is not null)
            await meanwhile();
        foreach (int node in nodes)
            Launch(node, cancellation);
    }

    /// <summary>Starts a node that has ended.</summary>
    public void Launch(int node, CancellationToken cancellation)
    {
        network.Network.Launch(node);
        _ready[node] = ReadyAsync(node, _deaths[node], cancellation);
    }

    /// <summary>Whom a node takes for the leader; the node itself while it does not answer: then it is the one to die.
    /// </summary>
    public async Task<int> LeaderAsync(int asked, CancellationToken cancellation)
    {
        try
        {
            return Math.Max(0, await network.LeaderAsync(asked, cancellation));
        }
        catch (LedgerClientException e) when (e.IsTransient)
        {
            return asked;
        }
    }

    /// <summary>Waits until a node that was started again answers, or was killed again.</summary>
    private async Task ReadyAsync(int node, int deaths, CancellationToken cancellation)
    {
        while (_deaths[node] == deaths)
        {
            try
            {
                await network.Network.WaitUntilReadyAsync(node, cancellation);
                return;
            }
            catch (LedgerClientException e) when (e.IsTransient)
            {
                // a busy machine: the round's own bound ends this
            }
            catch (Exception) when (_deaths[node] != deaths)
            {
            }
        }
    }
}
