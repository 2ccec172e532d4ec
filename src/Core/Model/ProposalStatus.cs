namespace GovChain.Core.Model;

/// <summary>What became of a proposal. The numbers are in the state: frozen.</summary>
public enum ProposalStatus
{
    /// <summary>The departments vote on it, until its time is over or its epoch ends.</summary>
    Open = 1,

    /// <summary>A quorum of departments voted for it, and it took effect.</summary>
    Adopted = 2,

    /// <summary>So many departments voted against it that no quorum for it is left.</summary>
    Rejected = 3,

    /// <summary>The department that proposed took it back.</summary>
    Withdrawn = 4,
}
