using GovChain.Consensus;
using GovChain.Core.Model;

namespace GovChain.Tests.Simulation;

/// <summary>
/// Where one honest validator can stand: what came to it, and what it has said. A core cannot be copied, so it is made again from its
/// history when something new is to be tried on it.
/// </summary>
internal sealed class ModelState
{
    public ModelState(int id, string key, ModelState? before, IReadOnlyList<Stimulus> since, ModelCore core, int views)
    {
        (Id, Key, Before, Since) = (id, key, before, since);
        (View, HasProposal, IsBuilding, IsSigning) = ((int)core.Core.View, core.HasProposal, core.IsBuilding, core.IsSigning);
        Messages = new Dictionary<Said, ConsensusMessage>(core.Sent);
        Proposed = Blocks(VoteType.Propose, views);
        Prepared = Blocks(VoteType.Prepare, views);
        Committed = Blocks(VoteType.Commit, views);
        Asked = new Said?[views];
        foreach (Said said in Messages.Keys)
        {
            if (said.Type == VoteType.ViewChange)
                Asked[said.View] = said;
        }
    }

    public int Id { get; }

    public string Key { get; }

    /// <summary>Where it stood before; null at the start.</summary>
    public ModelState? Before { get; }

    /// <summary>What has come since then.</summary>
    public IReadOnlyList<Stimulus> Since { get; }

    public int View { get; }

    public bool HasProposal { get; }

    public bool IsBuilding { get; }

    public bool IsSigning { get; }

    /// <summary>All that it has said, as it was sent.</summary>
    public IReadOnlyDictionary<Said, ConsensusMessage> Messages { get; }

    /// <summary>By view the block that it proposed, prepared, committed; -1: none.</summary>
    public int[] Proposed { get; }

    /// <inheritdoc cref="Proposed"/>
    public int[] Prepared { get; }

    /// <inheritdoc cref="Proposed"/>
    public int[] Committed { get; }

    /// <summary>By view its view change for it.</summary>
    public Said?[] Asked { get; }

    /// <summary>Where it goes from here; to itself where nothing happens.</summary>
    public Dictionary<Move, (ModelState State, IReadOnlyList<Stimulus> By)> After { get; } = [];

    /// <summary>Another history that ends here.</summary>
    public (ModelState Before, IReadOnlyList<Stimulus> Since)? Otherwise { get; set; }

    private int[] Blocks(VoteType type, int views)
    {
        int[] blocks = new int[views];
        Array.Fill(blocks, -1);
        foreach (Said said in Messages.Keys)
        {
            if (said.Type == type)
                blocks[said.View] = said.Block;
        }
        return blocks;
    }
}

/// <summary>All that one honest validator can come to: each step from each of its states runs on the production core, once.</summary>
internal sealed class ModelValidator
{
    private readonly ModelWorld _world;
    private readonly int _self;
    private readonly Dictionary<string, ModelState> _byKey = [];
    private readonly List<ModelState> _states = [];

    public ModelValidator(ModelWorld world, int self)
    {
        (_world, _self) = (world, self);
        var core = new ModelCore(world, self);
        Initial = Add(core.Key(), null, [], core);
    }

    public ModelState Initial { get; }

    public IReadOnlyList<ModelState> States => _states;

    /// <summary>Steps that were run on a core.</summary>
    public long Steps { get; private set; }

    /// <summary>Where a step leads to.</summary>
    /// <param name="stimuli">What the step is made of; asked for only where it is tried for the first time.</param>
    /// <exception cref="InvariantException">It breaks a promise.</exception>
    public ModelState After(ModelState state, Move move, Func<IReadOnlyList<Stimulus>> stimuli)
    {
        if (state.After.TryGetValue(move, out (ModelState State, IReadOnlyList<Stimulus> By) known))
            return known.State;
        IReadOnlyList<Stimulus> since = stimuli();
        ModelCore core = Run(state, since);
        ModelState after = Settle(state, move, since, core);
        state.After.Add(move, (after, since));
        return after;
    }

    /// <summary>A core that stands there.</summary>
    public ModelCore At(ModelState state) => Run(state, []);

    /// <summary>
    /// Whether the keys leave nothing out that matters: from another history that ends in the same state every step must lead to the
    /// same one.
    /// </summary>
    /// <returns>How many steps were compared.</returns>
    /// <exception cref="InvalidOperationException">The model is no good.</exception>
    public long Compare()
    {
        long compared = 0;
        foreach (ModelState state in _states)
        {
            if (state.Otherwise is not { } other)
                continue;
            foreach ((Move move, (ModelState after, IReadOnlyList<Stimulus> by)) in state.After)
            {
                ModelCore core = Run(other.Before, [.. other.Since, .. by]);
                compared++;
                bool isNothing = IsNothing(state, move, core);
                if (isNothing ? after != state : core.Key() != after.Key)
                {
                    throw new InvalidOperationException(
                        $"Validator {_self} at [{state.Key}], {move}: [{after.Key}], and after another history [{core.Key()}].");
                }
            }
        }
        return compared;
    }

    private ModelCore Run(ModelState state, IReadOnlyList<Stimulus> since)
    {
        Steps++;
        var history = new Stack<IReadOnlyList<Stimulus>>([since]);
        for (ModelState? s = state; s is not null; s = s.Before)
            history.Push(s.Since);
        var core = new ModelCore(_world, _self);
        foreach (IReadOnlyList<Stimulus> part in history)
        {
            foreach (Stimulus stimulus in part)
                core.Apply(stimulus);
        }
        return core;
    }

    private ModelState Settle(ModelState state, Move move, IReadOnlyList<Stimulus> since, ModelCore core)
    {
        if (IsNothing(state, move, core))
            return state;
        string key = core.Key();
        if (!_byKey.TryGetValue(key, out ModelState? known))
            return Add(key, state, since, core);
        if (known != state && known.Before != state && !IsAfter(state, known))
            known.Otherwise ??= (state, since);
        return known;
    }

    /// <summary>What causes nothing is put off until it does: nothing is lost by it, since messages stay.</summary>
    /// <remarks>But while a block is being built, each view change may make it the wrong one; and a restart forgets.</remarks>
    private static bool IsNothing(ModelState state, Move move, ModelCore core) => move.Kind == MoveKind.Restart
        ? core.Key() == state.Key
        :
        core.Core.View == state.View && core.Sent.Count == state.Messages.Count && core.IsBuilding == state.IsBuilding
        && core.IsSigning == state.IsSigning && core.HasProposal == state.HasProposal
        && (!state.IsBuilding || core.Key() == state.Key);

    private static bool IsAfter(ModelState? state, ModelState other)
    {
        for (; state is not null; state = state.Before)
        {
            if (state == other)
                return true;
        }
        return false;
    }

    private ModelState Add(string key, ModelState? before, IReadOnlyList<Stimulus> since, ModelCore core)
    {
        var added = new ModelState(_states.Count, key, before, since, core, _world.Views);
        _byKey.Add(key, added);
        _states.Add(added);
        return added;
    }
}
