namespace GovChain.Core.Model;

/// <summary>What a record's current version says. The numbers stand in the state: frozen.</summary>
public enum RecordStatus : uint
{
    /// <summary>The record holds.</summary>
    InForce = 1,

    /// <summary>The record was annulled; it may be registered again, or reinstated.</summary>
    Annulled = 2,

    /// <summary>Other records took its place: it is closed.</summary>
    Superseded = 3,
}
