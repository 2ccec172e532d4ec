using GovChain.Consensus;

namespace GovChain.Tests.Simulation;

/// <summary>What travels beside consensus messages, whose bytes travel as they are.</summary>
internal abstract record Frame;

internal sealed record ConsensusFrame(byte[] Bytes) : Frame;

internal sealed record GossipFrame(SimTransaction Transaction) : Frame;

internal sealed record BodyRequest(IReadOnlyList<GovChain.Core.Cryptography.Digest> Leaves) : Frame;

internal sealed record BodyResponse(IReadOnlyList<SimTransaction> Transactions) : Frame;

internal sealed record BlockRequest(ulong First, ulong Last) : Frame;

internal sealed record BlockResponse(IReadOnlyList<StoredBlock> Blocks) : Frame;

/// <summary>Loses, delays, reorders and duplicates; partitions; drops one kind of message by target.</summary>
internal sealed class Network(World world)
{
    private const int SpikeMaxUs = 2_000_000;

    private readonly int[] _side = new int[world.Scenario.Validators];

    public bool Healed { get; set; }

    /// <summary>Drops what it says true to, while it stands.</summary>
    public Func<int, int, byte, bool>? Filter { get; set; }

    public void Partition(Prng rng)
    {
        for (int i = 0; i < _side.Length; i++)
            _side[i] = rng.Below(2);
    }

    public void Isolate(int node) => _side[node] = 2 + node;

    public void Join()
    {
        Array.Clear(_side);
        Filter = null;
    }

    public void Send(int from, int to, Frame frame)
    {
        Scenario s = world.Scenario;
        Prng rng = world.Rng;
        if (Healed)
        {
            Deliver(from, to, frame, rng.Between(100, 10_000));
            return;
        }
        if (_side[from] != _side[to] || rng.Chance(s.LossPerMille)
            || (frame is ConsensusFrame c && Filter is { } filter && c.Bytes.Length > 1 && filter(from, to, c.Bytes[1])))
        {
            world.Fault();
            return;
        }
        int copies = rng.Chance(s.DuplicatePerMille) ? 2 : 1;
        for (int i = 0; i < copies; i++)
        {
            int delay = rng.Between(100, s.DelayMaxUs);
            if (rng.Chance(s.SpikePerMille))
            {
                delay = rng.Between(100, SpikeMaxUs);
                world.Fault();
            }
            Deliver(from, to, frame, delay);
        }
    }

    private void Deliver(int from, int to, Frame frame, int delayUs) =>
        world.After(delayUs, () => world.Nodes[to].Receive(from, frame));
}
